/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A bounded reader of flattened device trees (Devicetree Specification 0.4, chapter 5). The
 * blob is untrusted but must not change meanwhile. fdt_init() walks it once and checks every
 * token, name and length; after that a node is an index into a table in tree order, and looking
 * things up can fail but not go astray. Properties' contents are checked by who reads them.
 */

#define FDT_ROOT      0
#define FDT_NONE      0xffff
#define FDT_NO_OFFSET 0xffffffff
#define FDT_MAX_DEPTH 32
/* The largest that Linux takes (Documentation/arm64/booting.rst), and so the largest here. */
#define FDT_BYTES_MAX MIB(2)

struct fdt_node {
	/* Offsets in the structure block. */
	uint32_t name;
	uint32_t props;        /* of the first token after the name */
	uint32_t end;          /* past its end token */
	uint32_t compatible;   /* of that property's token; FDT_NO_OFFSET: it has none */
	uint16_t parent;       /* FDT_NONE for the root */
	uint16_t next;         /* first node in tree order that is not inside this one */
	uint8_t address_cells; /* for its children; 255: 255 or more */
	uint8_t size_cells;
};

struct fdt {
	const uint8_t *blob; /* 8-byte aligned */
	uint32_t bytes;      /* what the blocks really use, from the header on */
	const uint8_t *structs;
	uint32_t struct_bytes;
	const char *strings;
	uint32_t strings_bytes;
	uint32_t reserve_offset;
	uint32_t reserve_count;
	uint32_t boot_cpuid;
	struct fdt_node *node;
	uint32_t node_count;
};

struct fdt_prop {
	const char *name;
	const uint8_t *data; /* 4-byte aligned */
	uint32_t bytes;
	uint32_t name_offset; /* in the strings block */
};

struct fdt_region {
	uint64_t base;
	uint64_t bytes;
};

/*
 * What the header at blob (8 readable bytes, 4-byte aligned) says the whole takes, which may be
 * anything; 0: no device tree begins there.
 */
uint32_t fdt_header_bytes(const void *blob);

/*
 * Checks the blob and fills node[], which has room for node_max nodes (at most FDT_NONE).
 * ERR_INVALID: misaligned, no magic, or malformed; ERR_UNSUPPORTED: a version older than 16 or
 * newer than what 17 is compatible with; ERR_TRUNCATED: a block ends early; ERR_NO_MEMORY: more
 * than node_max nodes. After an error the first node_count nodes can be looked at all the same
 * (to find a console that tells of it).
 */
enum err fdt_init(struct fdt *fdt, const void *blob, size_t blob_max, struct fdt_node *node,
		  uint32_t node_max) MUST_CHECK;

/* The node's name with its unit address; the root's is empty. */
const char *fdt_name(const struct fdt *fdt, uint32_t node);
/* Is it called name, a unit address aside (unless name has one)? */
bool fdt_name_is(const struct fdt *fdt, uint32_t node, const char *name);

/* FDT_NONE: no such child. */
uint32_t fdt_child(const struct fdt *fdt, uint32_t node, const char *name);
/* The first child, or the next child of the same parent; FDT_NONE at the end. */
uint32_t fdt_child_first(const struct fdt *fdt, uint32_t node);
uint32_t fdt_child_next(const struct fdt *fdt, uint32_t child);
/*
 * A node by its full path or, when the path does not begin with '/', by an alias; length bytes
 * of path are looked at. FDT_NONE.
 */
uint32_t fdt_path(const struct fdt *fdt, const char *path, size_t length);
/* The first node at or after from (tree order) that has this among its compatible strings. */
uint32_t fdt_compatible(const struct fdt *fdt, uint32_t from, const char *compatible);
bool fdt_is_compatible(const struct fdt *fdt, uint32_t node, const char *compatible);
/*
 * Is it, as a child of /chosen, one of the modules that a boot loader hands over (Xen's
 * docs/misc/arm/device-tree/booting.txt)?
 */
bool fdt_is_module(const struct fdt *fdt, uint32_t node);
/* Is status absent, "okay" or "ok"? */
bool fdt_is_okay(const struct fdt *fdt, uint32_t node);

/* Its compatible property; false: none. */
bool fdt_prop_compatible(const struct fdt *fdt, uint32_t node, struct fdt_prop *prop);

/* Walks the properties of a node: cursor begins as fdt->node[i].props. False after the last. */
bool fdt_prop_next(const struct fdt *fdt, uint32_t *cursor, struct fdt_prop *prop);
/* False: no such property; prop->bytes is 0 then. */
bool fdt_prop(const struct fdt *fdt, uint32_t node, const char *name, struct fdt_prop *prop);
/* A property of one or two cells; false when it is absent or has another size. */
bool fdt_prop_number(const struct fdt *fdt, uint32_t node, const char *name, uint64_t *value);
/*
 * The index-th of its strings, and the one after text; NULL: there are no more, or the property
 * does not end with a NUL.
 */
const char *fdt_prop_string(const struct fdt_prop *prop, uint32_t index);
const char *fdt_prop_string_next(const struct fdt_prop *prop, const char *text);
/* Cell number index (from 0); 0 beyond the end. */
uint32_t fdt_prop_cell(const struct fdt_prop *prop, uint32_t index);

/* fdt_prop_cell() for an address or size of `cells` cells; more than 2: the low 64 bits. */
uint64_t fdt_prop_cells(const struct fdt_prop *prop, uint32_t index, uint32_t cells);

/*
 * Entry `index` of the node's reg as the CPU sees it, that is through the ranges of all its
 * parents. ERR_NOT_FOUND: no such entry, or the bus has no CPU addresses; ERR_UNSUPPORTED: more
 * than two cells; ERR_RANGE: wraps around.
 */
enum err fdt_reg(const struct fdt *fdt, uint32_t node, uint32_t index,
		 struct fdt_region *region) MUST_CHECK;
/* The same, when the reg property has been found already. */
enum err fdt_reg_entry(const struct fdt *fdt, uint32_t node, const struct fdt_prop *reg,
		       uint32_t index, struct fdt_region *region) MUST_CHECK;
/* The CPU address of `bytes` bytes at a node's child bus address; errors as fdt_reg(). */
enum err fdt_translate(const struct fdt *fdt, uint32_t bus, struct fdt_region *region) MUST_CHECK;

/* Entry index < fdt->reserve_count of the memory reservation block. */
struct fdt_region fdt_reserved(const struct fdt *fdt, uint32_t index);

#endif
