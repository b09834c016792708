/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/fdtw.h"

#include <string.h>

#include "lib/text.h"

#define HEADER_BYTES       40
#define MAGIC              0xd00dfeed
#define VERSION            17
#define VERSION_COMPATIBLE 16

#define TOKEN_BEGIN_NODE 1
#define TOKEN_END_NODE   2
#define TOKEN_PROP       3
#define TOKEN_END        9

/* The next `bytes` of the output, aligned up to 4 with zeros; NULL when there is no room. */
static uint8_t *claim(struct fdtw *w, size_t bytes)
{
	size_t padded = bits_align_up(bytes, 4);
	uint8_t *p = w->out + w->bytes;

	if (w->err != ERR_OK)
		return NULL;
	if (bytes > w->bytes_max || padded > w->bytes_max - w->bytes) {
		w->err = ERR_NO_MEMORY;
		return NULL;
	}
	if (padded != bytes)
		*(uint32_t *)(void *)(p + padded - 4) = 0;
	w->bytes += padded;
	return p;
}

static void put32(uint8_t *p, uint32_t value)
{
	*(uint32_t *)(void *)p = __builtin_bswap32(value);
}

static void append(struct fdtw *w, const void *data, size_t bytes)
{
	uint8_t *p = claim(w, bytes);

	if (p != NULL && bytes != 0)
		memcpy(p, data, bytes);
}

void fdtw_cell(struct fdtw *w, uint32_t value)
{
	uint8_t *p = claim(w, 4);

	if (p != NULL)
		put32(p, value);
}

void fdtw_cells(struct fdtw *w, uint64_t value, uint32_t cells)
{
	for (; cells != 0; cells--)
		fdtw_cell(w, cells > 2 ? 0 : value >> (32 * (cells - 1)));
}

void fdtw_init(struct fdtw *w, const struct fdt *source, void *out, size_t bytes_max)
{
	fdtw_init_reserving(w, source, NULL, 0, out, bytes_max);
}

void fdtw_init_reserving(struct fdtw *w, const struct fdt *source, const struct fdt_region *more,
			 uint32_t count, void *out, size_t bytes_max)
{
	w->source = source;
	w->out = out;
	w->bytes_max = bytes_max;
	w->bytes = 0;
	w->depth = 0;
	w->err = ERR_OK;
	w->names_bytes = 0;
	if (claim(w, HEADER_BYTES) == NULL)
		return;
	append(w, source->blob + source->reserve_offset, 16 * (size_t)source->reserve_count);
	for (uint32_t i = 0; i < count; i++) {
		fdtw_cells(w, more[i].base, 2);
		fdtw_cells(w, more[i].bytes, 2);
	}
	fdtw_cells(w, 0, 2);
	fdtw_cells(w, 0, 2);
	w->struct_offset = w->bytes;
}

void fdtw_begin(struct fdtw *w, const char *name)
{
	w->depth++;
	fdtw_cell(w, TOKEN_BEGIN_NODE);
	append(w, name, text_length(name) + 1);
}

void fdtw_end(struct fdtw *w)
{
	if (w->depth == 0)
		w->err = ERR_INVALID;
	w->depth--;
	fdtw_cell(w, TOKEN_END_NODE);
}

void fdtw_copy(struct fdtw *w, const struct fdt_prop *prop)
{
	/* Token, length and name stand right before the data, in the form they are to have. */
	append(w, prop->data - 12, 12 + (size_t)prop->bytes);
}

void fdtw_copy_tokens(struct fdtw *w, uint32_t from, uint32_t to)
{
	append(w, w->source->structs + from, to - from);
}

/* Where name is, or now will be, in the strings block. */
static uint32_t name_offset(struct fdtw *w, const char *name)
{
	size_t bytes = text_length(name) + 1;
	uint32_t i;

	for (i = 0; i < w->names_bytes; i += text_length(w->names + i) + 1) {
		if (text_length(w->names + i) + 1 == bytes &&
		    memcmp(w->names + i, name, bytes) == 0)
			return w->source->strings_bytes + i;
	}
	if (bytes > FDTW_NEW_NAMES_BYTES - w->names_bytes) {
		w->err = ERR_RANGE;
		return 0;
	}
	memcpy(w->names + i, name, bytes);
	w->names_bytes += bytes;
	return w->source->strings_bytes + i;
}

static void prop_head(struct fdtw *w, const char *name, size_t bytes)
{
	fdtw_cell(w, TOKEN_PROP);
	fdtw_cell(w, bytes);
	fdtw_cell(w, name_offset(w, name));
}

void fdtw_prop(struct fdtw *w, const char *name, const void *data, size_t bytes)
{
	prop_head(w, name, bytes);
	append(w, data, bytes);
}

void fdtw_prop_string(struct fdtw *w, const char *name, const char *text)
{
	fdtw_prop(w, name, text, text_length(text) + 1);
}

void fdtw_prop_text(struct fdtw *w, const char *name, const char *text, size_t length)
{
	uint8_t *p;

	prop_head(w, name, length + 1);
	p = claim(w, length + 1);
	if (p == NULL)
		return;
	memcpy(p, text, length);
	p[length] = '\0';
}

void fdtw_prop_cells(struct fdtw *w, const char *name, uint32_t cells)
{
	prop_head(w, name, 4 * (size_t)cells);
}

void fdtw_prop_u32(struct fdtw *w, const char *name, uint32_t value)
{
	fdtw_prop_cells(w, name, 1);
	fdtw_cell(w, value);
}

void fdtw_prop_u64(struct fdtw *w, const char *name, uint64_t value)
{
	fdtw_prop_cells(w, name, 2);
	fdtw_cells(w, value, 2);
}

enum err fdtw_finish(struct fdtw *w, size_t *bytes)
{
	fdtw_cell(w, TOKEN_END);

	uint32_t strings = w->bytes;
	uint32_t strings_bytes = w->source->strings_bytes + w->names_bytes;
	uint8_t *p = claim(w, strings_bytes);

	if (p != NULL) {
		memcpy(p, w->source->strings, w->source->strings_bytes);
		memcpy(p + w->source->strings_bytes, w->names, w->names_bytes);
	}
	if (w->err != ERR_OK)
		return w->err;
	if (w->depth != 0)
		return ERR_INVALID;
	/* In the order of the specification (5.2). */
	const uint32_t header[] = {
		MAGIC,
		w->bytes,
		w->struct_offset,
		strings,
		HEADER_BYTES,
		VERSION,
		VERSION_COMPATIBLE,
		w->source->boot_cpuid,
		strings_bytes,
		strings - w->struct_offset,
	};

	for (size_t i = 0; i < ARRAY_SIZE(header); i++)
		put32(w->out + 4 * i, header[i]);
	*bytes = w->bytes;
	return ERR_OK;
}
