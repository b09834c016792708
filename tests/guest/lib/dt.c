// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/dt.h"

#define FDT_MAGIC      0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP        4
#define DT_MAX_BYTES   0x200000

static const uint8_t *structure, *strings;
static uint32_t structure_bytes, strings_bytes;

static uint32_t be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool string_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool dt_init(const void *blob)
{
	const uint8_t *b = blob;
	uint32_t total;

	if (!blob || be32(b) != FDT_MAGIC)
		return false;
	total = be32(b + 4);
	if (total > DT_MAX_BYTES || be32(b + 8) > total || be32(b + 12) > total ||
	    be32(b + 32) > total - be32(b + 12) || be32(b + 36) > total - be32(b + 8))
		return false;
	structure = b + be32(b + 8);
	structure_bytes = be32(b + 36) & ~3U;
	strings = b + be32(b + 12);
	strings_bytes = be32(b + 32);
	return true;
}

/* One token at *offset: its kind, and where the next one is. 0: the end, or a broken tree. */
static uint32_t token_next(uint32_t *offset)
{
	uint32_t at = *offset, token, bytes = 0;

	if (!structure || at > structure_bytes - 4)
		return 0;
	token = be32(structure + at);
	at += 4;
	switch (token) {
	case FDT_BEGIN_NODE:
		while (at + bytes < structure_bytes && structure[at + bytes])
			bytes++;
		bytes++;
		break;
	case FDT_PROP:
		if (at + 8 > structure_bytes)
			return 0;
		bytes = 8 + be32(structure + at);
		break;
	case FDT_END_NODE:
	case FDT_NOP:
		break;
	default:
		return 0;
	}
	if (bytes > structure_bytes - at)
		return 0;
	*offset = at + ((bytes + 3) & ~3U);
	return token;
}

const void *dt_prop(const struct dt_node *node, const char *name, uint32_t *bytes)
{
	uint32_t at = node->offset, start, token;

	if (token_next(&at) != FDT_BEGIN_NODE)
		return NULL;
	for (;;) {
		start = at;
		token = token_next(&at);
		if (token == FDT_NOP)
			continue;
		if (token != FDT_PROP)
			return NULL;
		if (be32(structure + start + 8) < strings_bytes &&
		    string_equal((const char *)strings + be32(structure + start + 8), name)) {
			if (bytes)
				*bytes = be32(structure + start + 4);
			return structure + start + 12;
		}
	}
}

bool dt_prop_u32(const struct dt_node *node, const char *name, unsigned int index, uint32_t *value)
{
	uint32_t bytes;
	const uint8_t *p = dt_prop(node, name, &bytes);

	if (!p || bytes / 4 <= index)
		return false;
	*value = be32(p + 4 * index);
	return true;
}

const char *dt_prop_string(const struct dt_node *node, const char *name)
{
	uint32_t bytes;
	const char *p = dt_prop(node, name, &bytes);

	return p && bytes && p[bytes - 1] == '\0' ? p : NULL;
}

/* Walks from the root to the first node after `after` (the root itself: no after). */
static bool node_walk(struct dt_node *node, bool want_root, uint32_t after)
{
	uint32_t at = 0, start, token, cells[DT_MAX_DEPTH + 1][2] = {{2, 1}};
	unsigned int depth = 0;

	for (;;) {
		struct dt_node here;

		start = at;
		token = token_next(&at);
		if (token == 0)
			return false;
		if (token == FDT_END_NODE) {
			if (depth <= 1)
				return false;
			depth--;
		}
		if (token != FDT_BEGIN_NODE)
			continue;
		if (depth == DT_MAX_DEPTH)
			return false;
		here = (struct dt_node){.offset = start,
					.depth = depth,
					.name = (const char *)structure + start + 4,
					.address_cells = cells[depth][0],
					.size_cells = cells[depth][1]};
		if (want_root || start > after) {
			*node = here;
			return true;
		}
		depth++;
		cells[depth][0] = 2;
		cells[depth][1] = 1;
		(void)dt_prop_u32(&here, "#address-cells", 0, &cells[depth][0]);
		(void)dt_prop_u32(&here, "#size-cells", 0, &cells[depth][1]);
	}
}

bool dt_root(struct dt_node *node)
{
	return node_walk(node, true, 0);
}

bool dt_next(struct dt_node *node)
{
	return node_walk(node, false, node->offset);
}

/* Is name the path component at part (ended by '/', ':' or NUL), unit address optional? */
static bool name_matches(const char *name, const char *part)
{
	while (*part && *part != '/' && *part != ':' && *name == *part) {
		name++;
		part++;
	}
	if (*part && *part != '/' && *part != ':')
		return false;
	return *name == '\0' || *name == '@';
}

static const char *path_next(const char *path)
{
	while (*path && *path != '/' && *path != ':')
		path++;
	return *path == '/' ? path + 1 : "";
}

bool dt_find_path(const char *path, struct dt_node *node)
{
	unsigned int depth = 1;

	if (*path != '/' || !dt_root(node))
		return false;
	path++;
	if (!*path)
		return true;
	while (dt_next(node)) {
		if (node->depth < depth)
			return false;
		if (node->depth > depth || !name_matches(node->name, path))
			continue;
		path = path_next(path);
		if (!*path)
			return true;
		depth++;
	}
	return false;
}

static bool list_holds(const char *list, uint32_t bytes, const char *string)
{
	uint32_t at = 0;

	if (!bytes || list[bytes - 1])
		return false;
	while (at < bytes) {
		if (string_equal(list + at, string))
			return true;
		while (list[at])
			at++;
		at++;
	}
	return false;
}

bool dt_find_compatible(const char *compatible, struct dt_node *node)
{
	uint32_t bytes;
	const char *list;

	do {
		list = dt_prop(node, "compatible", &bytes);
		if (list && list_holds(list, bytes, compatible))
			return true;
	} while (dt_next(node));
	return false;
}

static uint64_t cells_read(const uint8_t *p, uint32_t cells)
{
	uint64_t value = 0;

	while (cells--) {
		value = value << 32 | be32(p);
		p += 4;
	}
	return value;
}

bool dt_reg(const struct dt_node *node, unsigned int index, uint64_t *base, uint64_t *bytes)
{
	uint32_t have, entry = 4 * (node->address_cells + node->size_cells);
	const uint8_t *p = dt_prop(node, "reg", &have);

	if (!p || !entry || node->address_cells > 3 || node->size_cells > 2 ||
	    have / entry <= index)
		return false;
	p += index * entry;
	*base = cells_read(p, node->address_cells);
	*bytes = cells_read(p + 4 * node->address_cells, node->size_cells);
	return true;
}

uint32_t dt_intid(const struct dt_node *node, unsigned int index, bool *edge)
{
	uint32_t type, number, flags;

	if (!dt_prop_u32(node, "interrupts", 3 * index, &type) ||
	    !dt_prop_u32(node, "interrupts", 3 * index + 1, &number) ||
	    !dt_prop_u32(node, "interrupts", 3 * index + 2, &flags))
		return 0;
	if (edge)
		*edge = (flags & 3) != 0;
	return number + (type ? 16 : 32);
}

static uint64_t number_parse(const char *s)
{
	uint64_t value = 0, base = 10;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	for (;; s++) {
		uint64_t digit = *s >= '0' && *s <= '9'   ? (uint64_t)(*s - '0')
				 : *s >= 'a' && *s <= 'f' ? (uint64_t)(*s - 'a' + 10)
							  : 16;

		if (digit >= base)
			return value;
		value = value * base + digit;
	}
}

uint64_t dt_bootarg(const char *name, uint64_t otherwise)
{
	struct dt_node node;
	const char *args, *n;

	if (!dt_find_path("/chosen", &node))
		return otherwise;
	args = dt_prop_string(&node, "bootargs");
	while (args && *args) {
		for (n = name; *n && *n == *args; n++)
			args++;
		if (!*n && *args == '=')
			return number_parse(args + 1);
		while (*args && *args != ' ')
			args++;
		while (*args == ' ')
			args++;
	}
	return otherwise;
}

bool dt_caisson(void)
{
	struct dt_node node;

	return dt_find_path("/caisson", &node);
}

static unsigned int ram_insert(struct dt_range *ram, unsigned int count, struct dt_range new)
{
	unsigned int i;

	for (i = count; i > 0 && ram[i - 1].base > new.base; i--)
		ram[i] = ram[i - 1];
	ram[i] = new;
	return count + 1;
}

unsigned int dt_ram(struct dt_range *ram, unsigned int max)
{
	struct dt_node node;
	struct dt_range range;
	const char *type;
	unsigned int count = 0, joined = 0, i;

	if (!dt_root(&node))
		return 0;
	while (dt_next(&node)) {
		type = dt_prop_string(&node, "device_type");
		if (!type || !string_equal(type, "memory"))
			continue;
		for (i = 0; count < max && dt_reg(&node, i, &range.base, &range.bytes); i++)
			if (range.bytes)
				count = ram_insert(ram, count, range);
	}
	for (i = 1; i < count; i++) {
		if (ram[joined].base + ram[joined].bytes == ram[i].base)
			ram[joined].bytes += ram[i].bytes;
		else
			ram[++joined] = ram[i];
	}
	return count ? joined + 1 : 0;
}
