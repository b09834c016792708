/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_FDTW_H
#define LIB_FDTW_H

#include "lib/fdt.h"

/*
 * Writes a flattened device tree from front to back, meant for a copy of another one with
 * changes: it takes over the source's reservations and its strings, so that a property is copied
 * as it stands. Nodes and properties go out in the order of the calls: a node's properties
 * before its children. Running out of room is remembered and told by fdtw_finish().
 */

#define FDTW_NEW_NAMES_BYTES 512

struct fdtw {
	const struct fdt *source;
	uint8_t *out;
	size_t bytes_max;
	size_t bytes; /* written so far */
	uint32_t struct_offset;
	uint32_t depth;
	enum err err;
	char names[FDTW_NEW_NAMES_BYTES]; /* of properties that were not copied, each once */
	uint32_t names_bytes;
};

/* out is 8-byte aligned and does not overlap the source. */
void fdtw_init(struct fdtw *w, const struct fdt *source, void *out, size_t bytes_max);
/* The same, with more entries in the memory reservation block. */
void fdtw_init_reserving(struct fdtw *w, const struct fdt *source, const struct fdt_region *more,
			 uint32_t count, void *out, size_t bytes_max);

void fdtw_begin(struct fdtw *w, const char *name);
void fdtw_end(struct fdtw *w);

/* A property of the source. */
void fdtw_copy(struct fdtw *w, const struct fdt_prop *prop);
/*
 * The tokens from one offset in the source's structure block to another, as they stand: begin
 * and end of nodes among them are the caller's to pair.
 */
void fdtw_copy_tokens(struct fdtw *w, uint32_t from, uint32_t to);
void fdtw_prop(struct fdtw *w, const char *name, const void *data, size_t bytes);
void fdtw_prop_string(struct fdtw *w, const char *name, const char *text);
/* `length` bytes of text, to which the NUL is added. */
void fdtw_prop_text(struct fdtw *w, const char *name, const char *text, size_t length);
void fdtw_prop_u32(struct fdtw *w, const char *name, uint32_t value);
void fdtw_prop_u64(struct fdtw *w, const char *name, uint64_t value);
/* A property of `cells` cells whose contents follow by fdtw_cell() and fdtw_cells(). */
void fdtw_prop_cells(struct fdtw *w, const char *name, uint32_t cells);
void fdtw_cell(struct fdtw *w, uint32_t value);
/* value in so many cells; what does not fit into one cell is cut off. */
void fdtw_cells(struct fdtw *w, uint64_t value, uint32_t cells);

/*
 * Completes the blob. ERR_NO_MEMORY: it does not fit; ERR_RANGE: more than FDTW_NEW_NAMES_BYTES
 * of new names of properties; ERR_INVALID: fdtw_begin() and fdtw_end() do not pair up.
 */
enum err fdtw_finish(struct fdtw *w, size_t *bytes) MUST_CHECK;

#endif
