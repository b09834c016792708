/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_DT_H
#define GUEST_DT_H

#include "tests/guest/lib/cpu.h"

/*
 * Reader of a flattened device tree (Devicetree Specification 0.4, chapter 5), in place. Every
 * walk is bounded by the sizes in the header.
 */

struct dt_node {
	uint32_t offset; /* of FDT_BEGIN_NODE in the structure block */
	unsigned int depth;
	const char *name;
	uint32_t address_cells, size_cells; /* of its parent: how to read its reg */
};

#define DT_MAX_DEPTH 16

bool dt_init(const void *blob);

/* The root, and the node that follows in document order; false: there is none. */
bool dt_root(struct dt_node *node);
bool dt_next(struct dt_node *node);

/* "/chosen", "/cpus", ...; unit addresses may be left out. */
bool dt_find_path(const char *path, struct dt_node *node);
/* The first node at or after *node whose compatible list holds the string; start at dt_root(). */
bool dt_find_compatible(const char *compatible, struct dt_node *node);

const void *dt_prop(const struct dt_node *node, const char *name, uint32_t *bytes);
const char *dt_prop_string(const struct dt_node *node, const char *name);
bool dt_prop_u32(const struct dt_node *node, const char *name, unsigned int index, uint32_t *value);
/* The index-th (address, size) of reg; false beyond the end. */
bool dt_reg(const struct dt_node *node, unsigned int index, uint64_t *base, uint64_t *bytes);
/* INTID of the index-th interrupt in three-cell GIC form; 0: none. edge may be NULL. */
uint32_t dt_intid(const struct dt_node *node, unsigned int index, bool *edge);

/* Value of NAME=value (decimal, or hexadecimal after 0x) in /chosen/bootargs. */
uint64_t dt_bootarg(const char *name, uint64_t otherwise);

/* Runs under Caisson: the tree has its node. */
bool dt_caisson(void);

struct dt_range {
	uint64_t base, bytes;
};

#define DT_MAX_RAM 16

/* The RAM of all memory nodes, sorted by address, neighbours joined. Returns how many. */
unsigned int dt_ram(struct dt_range *ram, unsigned int max);

#endif
