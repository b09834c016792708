/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/fdt.h"

#include <string.h>

#include "lib/text.h"

#define HEADER_BYTES 40
#define MAGIC        0xd00dfeed
#define VERSION_MIN  16
#define VERSION      17

#define TOKEN_BEGIN_NODE 1
#define TOKEN_END_NODE   2
#define TOKEN_PROP       3
#define TOKEN_NOP        4
#define TOKEN_END        9

/* Cells of a bus without #address-cells and #size-cells (2.3.5). */
#define DEFAULT_ADDRESS_CELLS 2
#define DEFAULT_SIZE_CELLS    1

/* Header fields, by offset (5.2). */
enum {
	HDR_MAGIC = 0,
	HDR_TOTALSIZE = 4,
	HDR_STRUCT = 8,
	HDR_STRINGS = 12,
	HDR_RESERVE = 16,
	HDR_VERSION = 20,
	HDR_COMPATIBLE = 24,
	HDR_CPU = 28,
	HDR_STRINGS_BYTES = 32,
	HDR_STRUCT_BYTES = 36
};

/* p is 4-byte aligned: the blob and all offsets are. */
static uint32_t be32(const uint8_t *p)
{
	return __builtin_bswap32(*(const uint32_t *)(const void *)p);
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* Where the reader of the structure block stands, and the path of open nodes. */
struct scan {
	struct fdt *fdt;
	uint32_t node_max;
	uint32_t offset;
	uint32_t depth;
	uint16_t open[FDT_MAX_DEPTH];
	bool props_over;     /* the open node had a child: no more properties */
	uint32_t compatible; /* where the strings block has "compatible", once it was seen */
};

static enum err scan_begin(struct scan *s)
{
	struct fdt *fdt = s->fdt;
	const uint8_t *name = fdt->structs + s->offset;
	const uint8_t *p = name;
	const uint8_t *end = fdt->structs + fdt->struct_bytes;

	if (s->depth == 0 && fdt->node_count != 0)
		return ERR_INVALID;
	if (s->depth == FDT_MAX_DEPTH)
		return ERR_UNSUPPORTED;
	if (fdt->node_count == s->node_max)
		return ERR_NO_MEMORY;
	while (p < end && *p != '\0')
		p++;
	if (p == end)
		return ERR_TRUNCATED;

	uint32_t index = fdt->node_count++;

	fdt->node[index] = (struct fdt_node){
		.name = s->offset,
		.parent = s->depth == 0 ? FDT_NONE : s->open[s->depth - 1],
		.next = FDT_NONE,
		.compatible = FDT_NO_OFFSET,
		.address_cells = DEFAULT_ADDRESS_CELLS,
		.size_cells = DEFAULT_SIZE_CELLS,
	};
	s->offset = bits_align_up(s->offset + (p - name) + 1, 4);
	fdt->node[index].props = s->offset;
	s->open[s->depth++] = index;
	s->props_over = false;
	return ERR_OK;
}

static enum err scan_end(struct scan *s)
{
	if (s->depth == 0)
		return ERR_INVALID;

	struct fdt_node *node = &s->fdt->node[s->open[--s->depth]];

	node->next = s->fdt->node_count;
	node->end = s->offset;
	s->props_over = true;
	return ERR_OK;
}

static void scan_cells(struct scan *s, uint32_t name, uint32_t value)
{
	struct fdt_node *node = &s->fdt->node[s->open[s->depth - 1]];
	uint8_t cells = value < 255 ? value : 255;

	if (text_is(s->fdt->strings + name, "#address-cells"))
		node->address_cells = cells;
	else if (text_is(s->fdt->strings + name, "#size-cells"))
		node->size_cells = cells;
}

static void scan_compatible(struct scan *s, uint32_t name)
{
	struct fdt_node *node = &s->fdt->node[s->open[s->depth - 1]];

	s->compatible = name;
	if (node->compatible == FDT_NO_OFFSET)
		node->compatible = s->offset - 4;
}

static enum err scan_prop(struct scan *s)
{
	struct fdt *fdt = s->fdt;

	if (s->depth == 0 || s->props_over)
		return ERR_INVALID;
	if (fdt->struct_bytes - s->offset < 8)
		return ERR_TRUNCATED;

	uint32_t bytes = be32(fdt->structs + s->offset);
	uint32_t name = be32(fdt->structs + s->offset + 4);
	uint32_t data = s->offset + 8;

	if (bytes > fdt->struct_bytes - data)
		return ERR_TRUNCATED;
	if (name >= fdt->strings_bytes)
		return ERR_INVALID;
	if (bytes == 4 && fdt->strings[name] == '#')
		scan_cells(s, name, be32(fdt->structs + data));
	else if (name == s->compatible || text_is(fdt->strings + name, "compatible"))
		scan_compatible(s, name);
	s->offset = bits_align_up(data + bytes, 4);
	return ERR_OK;
}

/* Leaves with the structure block's true length in struct_bytes. */
static enum err scan_tree(struct fdt *fdt, uint32_t node_max)
{
	struct scan s = {.fdt = fdt, .node_max = node_max, .compatible = FDT_NO_OFFSET};

	while (s.offset <= fdt->struct_bytes && fdt->struct_bytes - s.offset >= 4) {
		enum err err = ERR_OK;
		uint32_t token = be32(fdt->structs + s.offset);

		s.offset += 4;
		if (token == TOKEN_PROP)
			err = scan_prop(&s);
		else if (token == TOKEN_BEGIN_NODE)
			err = scan_begin(&s);
		else if (token == TOKEN_END_NODE)
			err = scan_end(&s);
		else if (token == TOKEN_END && s.depth == 0 && fdt->node_count != 0) {
			fdt->struct_bytes = s.offset;
			return ERR_OK;
		} else if (token != TOKEN_NOP)
			err = ERR_INVALID;
		if (err != ERR_OK)
			return err;
	}
	return ERR_TRUNCATED;
}

/* A block at offset, at most bytes long, aligned to align, after the header, within total. */
static bool block_fits(uint32_t offset, uint32_t bytes, uint32_t align, uint32_t total)
{
	return offset >= HEADER_BYTES && bits_is_aligned(offset, align) &&
	       bits_contains(0, total, offset, bytes);
}

static enum err scan_reserved(struct fdt *fdt, uint32_t total)
{
	uint32_t offset = fdt->reserve_offset;

	if (!block_fits(offset, 16, 8, total))
		return ERR_INVALID;
	for (; total - offset >= 16; offset += 16) {
		if (be64(fdt->blob + offset) == 0 && be64(fdt->blob + offset + 8) == 0)
			return ERR_OK;
		fdt->reserve_count++;
	}
	return ERR_TRUNCATED;
}

uint32_t fdt_header_bytes(const void *blob)
{
	const uint8_t *header = blob;

	return be32(header + HDR_MAGIC) == MAGIC ? be32(header + HDR_TOTALSIZE) : 0;
}

enum err fdt_init(struct fdt *fdt, const void *blob, size_t blob_max, struct fdt_node *node,
		  uint32_t node_max)
{
	const uint8_t *p = blob;

	*fdt = (struct fdt){.blob = p, .node = node};
	if (blob == NULL || !bits_is_aligned((uintptr_t)blob, 8) || blob_max < HEADER_BYTES ||
	    be32(p + HDR_MAGIC) != MAGIC)
		return ERR_INVALID;

	uint32_t total = be32(p + HDR_TOTALSIZE);
	uint32_t struct_offset = be32(p + HDR_STRUCT);
	uint32_t strings_offset = be32(p + HDR_STRINGS);
	uint32_t version = be32(p + HDR_VERSION);

	if (version < VERSION_MIN || be32(p + HDR_COMPATIBLE) > VERSION)
		return ERR_UNSUPPORTED;
	if (total > blob_max || total < HEADER_BYTES)
		return ERR_TRUNCATED;
	fdt->strings_bytes = be32(p + HDR_STRINGS_BYTES);
	/* Version 16 does not have the structure block's size: until the blob's end. */
	if (version == VERSION_MIN)
		fdt->struct_bytes = struct_offset <= total ? total - struct_offset : 0;
	else
		fdt->struct_bytes = be32(p + HDR_STRUCT_BYTES);
	if (!block_fits(struct_offset, fdt->struct_bytes, 4, total) ||
	    !block_fits(strings_offset, fdt->strings_bytes, 1, total))
		return ERR_TRUNCATED;
	fdt->structs = p + struct_offset;
	fdt->strings = (const char *)p + strings_offset;
	fdt->reserve_offset = be32(p + HDR_RESERVE);
	fdt->boot_cpuid = be32(p + HDR_CPU);
	/* Every name ends within the block if the last one does. */
	if (fdt->strings_bytes != 0 && fdt->strings[fdt->strings_bytes - 1] != '\0')
		return ERR_TRUNCATED;

	enum err err = scan_tree(fdt, node_max < FDT_NONE ? node_max : FDT_NONE);

	if (err == ERR_OK)
		err = scan_reserved(fdt, total);

	uint32_t ends[] = {struct_offset + fdt->struct_bytes, strings_offset + fdt->strings_bytes,
			   fdt->reserve_offset + 16 * (fdt->reserve_count + 1)};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		fdt->bytes = ends[i] > fdt->bytes ? ends[i] : fdt->bytes;
	return err;
}

const char *fdt_name(const struct fdt *fdt, uint32_t node)
{
	return (const char *)fdt->structs + fdt->node[node].name;
}

/* Does the node's name match length bytes of name, or these bytes and then "@unit"? */
static bool name_matches(const struct fdt *fdt, uint32_t node, const char *name, size_t length)
{
	const char *own = fdt_name(fdt, node);
	bool unit = false;
	size_t i;

	for (i = 0; i < length; i++) {
		if (own[i] != name[i] || own[i] == '\0')
			return false;
		unit |= own[i] == '@';
	}
	return own[i] == '\0' || (!unit && own[i] == '@');
}

bool fdt_name_is(const struct fdt *fdt, uint32_t node, const char *name)
{
	return fdt_name(fdt, node)[0] == name[0] &&
	       name_matches(fdt, node, name, text_length(name));
}

uint32_t fdt_child_first(const struct fdt *fdt, uint32_t node)
{
	uint32_t child = node + 1;

	return child < fdt->node_count && fdt->node[child].parent == node ? child : FDT_NONE;
}

uint32_t fdt_child_next(const struct fdt *fdt, uint32_t child)
{
	uint32_t next = fdt->node[child].next;

	return next < fdt->node_count && fdt->node[next].parent == fdt->node[child].parent
		       ? next
		       : FDT_NONE;
}

static uint32_t child_named(const struct fdt *fdt, uint32_t node, const char *name, size_t length)
{
	uint32_t child = fdt_child_first(fdt, node);

	while (child != FDT_NONE && !name_matches(fdt, child, name, length))
		child = fdt_child_next(fdt, child);
	return child;
}

uint32_t fdt_child(const struct fdt *fdt, uint32_t node, const char *name)
{
	return child_named(fdt, node, name, text_length(name));
}

static uint32_t path_absolute(const struct fdt *fdt, const char *path, size_t length)
{
	uint32_t node = fdt->node_count != 0 ? FDT_ROOT : FDT_NONE;
	size_t i = 0;

	while (node != FDT_NONE) {
		while (i < length && path[i] == '/')
			i++;
		if (i == length)
			break;

		size_t start = i;

		while (i < length && path[i] != '/')
			i++;
		node = child_named(fdt, node, path + start, i - start);
	}
	return node;
}

/* The alias whose name is length bytes of name. */
static bool alias_find(const struct fdt *fdt, const char *name, size_t length,
		       struct fdt_prop *prop)
{
	uint32_t aliases = fdt->node_count != 0 ? fdt_child(fdt, FDT_ROOT, "aliases") : FDT_NONE;

	if (aliases == FDT_NONE)
		return false;
	for (uint32_t cursor = fdt->node[aliases].props; fdt_prop_next(fdt, &cursor, prop);) {
		if (text_length(prop->name) == length && memcmp(prop->name, name, length) == 0)
			return true;
	}
	return false;
}

uint32_t fdt_path(const struct fdt *fdt, const char *path, size_t length)
{
	struct fdt_prop prop;
	size_t first = 0;

	if (length == 0)
		return FDT_NONE;
	if (path[0] == '/')
		return path_absolute(fdt, path, length);
	while (first < length && path[first] != '/')
		first++;
	if (!alias_find(fdt, path, first, &prop))
		return FDT_NONE;

	const char *target = fdt_prop_string(&prop, 0);

	/* An alias is a whole path; one that goes on after the alias is not used by anybody. */
	if (target == NULL || target[0] != '/' || first != length)
		return FDT_NONE;
	return path_absolute(fdt, target, text_length(target));
}

bool fdt_prop_compatible(const struct fdt *fdt, uint32_t node, struct fdt_prop *prop)
{
	uint32_t cursor = fdt->node[node].compatible;

	return cursor != FDT_NO_OFFSET && fdt_prop_next(fdt, &cursor, prop);
}

bool fdt_is_compatible(const struct fdt *fdt, uint32_t node, const char *compatible)
{
	struct fdt_prop prop;

	if (!fdt_prop_compatible(fdt, node, &prop))
		return false;
	for (const char *t = fdt_prop_string(&prop, 0); t != NULL;
	     t = fdt_prop_string_next(&prop, t)) {
		if (text_is(t, compatible))
			return true;
	}
	return false;
}

uint32_t fdt_compatible(const struct fdt *fdt, uint32_t from, const char *compatible)
{
	for (uint32_t i = from; i < fdt->node_count; i++) {
		if (fdt_is_compatible(fdt, i, compatible))
			return i;
	}
	return FDT_NONE;
}

bool fdt_is_module(const struct fdt *fdt, uint32_t node)
{
	return fdt_is_compatible(fdt, node, "multiboot,module") ||
	       fdt_is_compatible(fdt, node, "multiboot,kernel") ||
	       fdt_is_compatible(fdt, node, "multiboot,ramdisk");
}

bool fdt_is_okay(const struct fdt *fdt, uint32_t node)
{
	struct fdt_prop prop;
	const char *status;

	if (!fdt_prop(fdt, node, "status", &prop))
		return true;
	status = fdt_prop_string(&prop, 0);
	return status != NULL && (text_is(status, "okay") || text_is(status, "ok"));
}

/* Only for nodes that fdt_init() has been through, so nothing is checked again. */
static inline bool prop_next(const struct fdt *fdt, uint32_t *cursor, struct fdt_prop *prop)
{
	const uint8_t *p = fdt->structs + *cursor;
	const uint8_t *end = fdt->structs + fdt->struct_bytes;

	/* Fewer than 12 bytes before the end hold no property, whatever they are. */
	while (end - p >= 12 && be32(p) == TOKEN_NOP)
		p += 4;
	if (end - p < 12 || be32(p) != TOKEN_PROP)
		return false;

	uint32_t bytes = be32(p + 4);
	uint32_t name = be32(p + 8);

	/* Can only fail where fdt_init() stopped with an error. */
	if (bytes > end - p - 12 || name >= fdt->strings_bytes)
		return false;
	prop->name_offset = name;
	prop->name = fdt->strings + name;
	prop->data = p + 12;
	prop->bytes = bytes;
	*cursor = p + 12 + bits_align_up(bytes, 4) - fdt->structs;
	return true;
}

bool fdt_prop_next(const struct fdt *fdt, uint32_t *cursor, struct fdt_prop *prop)
{
	return prop_next(fdt, cursor, prop);
}

bool fdt_prop(const struct fdt *fdt, uint32_t node, const char *name, struct fdt_prop *prop)
{
	struct fdt_prop each;

	for (uint32_t cursor = fdt->node[node].props; prop_next(fdt, &cursor, &each);) {
		if (each.name[0] == name[0] && text_is(each.name, name)) {
			*prop = each;
			return true;
		}
	}
	*prop = (struct fdt_prop){.name = name};
	return false;
}

bool fdt_prop_number(const struct fdt *fdt, uint32_t node, const char *name, uint64_t *value)
{
	struct fdt_prop prop;

	if (!fdt_prop(fdt, node, name, &prop) || (prop.bytes != 4 && prop.bytes != 8))
		return false;
	*value = fdt_prop_cells(&prop, 0, prop.bytes / 4);
	return true;
}

const char *fdt_prop_string_next(const struct fdt_prop *prop, const char *text)
{
	while (*text != '\0')
		text++;
	text++;
	return text < (const char *)prop->data + prop->bytes ? text : NULL;
}

const char *fdt_prop_string(const struct fdt_prop *prop, uint32_t index)
{
	const char *text = (const char *)prop->data;

	if (prop->bytes == 0 || text[prop->bytes - 1] != '\0')
		return NULL;
	while (text != NULL && index-- != 0)
		text = fdt_prop_string_next(prop, text);
	return text;
}

uint32_t fdt_prop_cell(const struct fdt_prop *prop, uint32_t index)
{
	return index < prop->bytes / 4 ? be32(prop->data + 4 * (size_t)index) : 0;
}

uint64_t fdt_prop_cells(const struct fdt_prop *prop, uint32_t index, uint32_t cells)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < cells; i++)
		value = value << 32 | fdt_prop_cell(prop, index + i);
	return value;
}

/* One step up: region, an address on bus's children's side, becomes one on its parent's side. */
static enum err translate_step(const struct fdt *fdt, uint32_t bus, struct fdt_region *region)
{
	uint32_t child = fdt->node[bus].address_cells;
	uint32_t parent = fdt->node[fdt->node[bus].parent].address_cells;
	uint32_t size = fdt->node[bus].size_cells;
	uint32_t entry = child + parent + size;
	struct fdt_prop prop;

	if (!fdt_prop(fdt, bus, "ranges", &prop))
		return ERR_NOT_FOUND;
	if (prop.bytes == 0)
		return ERR_OK;
	if (child > 2 || parent > 2 || size > 2 || entry == 0)
		return ERR_UNSUPPORTED;
	for (uint32_t i = 0; (i + 1) * entry * 4 <= prop.bytes; i++) {
		uint64_t from = fdt_prop_cells(&prop, i * entry, child);
		uint64_t to = fdt_prop_cells(&prop, i * entry + child, parent);
		uint64_t bytes = fdt_prop_cells(&prop, i * entry + child + parent, size);

		if (bits_contains(from, bytes, region->base, region->bytes)) {
			uint64_t offset = region->base - from;

			if (to > UINT64_MAX - offset)
				return ERR_RANGE;
			region->base = to + offset;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

enum err fdt_translate(const struct fdt *fdt, uint32_t bus, struct fdt_region *region)
{
	while (bus != FDT_ROOT) {
		enum err err = translate_step(fdt, bus, region);

		if (err != ERR_OK)
			return err;
		bus = fdt->node[bus].parent;
	}
	return region->bytes > UINT64_MAX - region->base ? ERR_RANGE : ERR_OK;
}

enum err fdt_reg_entry(const struct fdt *fdt, uint32_t node, const struct fdt_prop *reg,
		       uint32_t index, struct fdt_region *region)
{
	if (node == FDT_ROOT)
		return ERR_NOT_FOUND;

	uint32_t bus = fdt->node[node].parent;
	uint32_t address = fdt->node[bus].address_cells;
	uint32_t size = fdt->node[bus].size_cells;
	uint32_t entry = address + size;

	if (address == 0 || size == 0 || ((uint64_t)index + 1) * entry > reg->bytes / 4)
		return ERR_NOT_FOUND;
	if (address > 2 || size > 2)
		return ERR_UNSUPPORTED;
	region->base = fdt_prop_cells(reg, index * entry, address);
	region->bytes = fdt_prop_cells(reg, index * entry + address, size);
	return fdt_translate(fdt, bus, region);
}

enum err fdt_reg(const struct fdt *fdt, uint32_t node, uint32_t index, struct fdt_region *region)
{
	struct fdt_prop reg;

	if (!fdt_prop(fdt, node, "reg", &reg))
		return ERR_NOT_FOUND;
	return fdt_reg_entry(fdt, node, &reg, index, region);
}

struct fdt_region fdt_reserved(const struct fdt *fdt, uint32_t index)
{
	const uint8_t *p = fdt->blob + fdt->reserve_offset + 16 * (size_t)index;

	return (struct fdt_region){.base = be64(p), .bytes = be64(p + 8)};
}
