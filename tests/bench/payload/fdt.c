// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads the flattened device tree (Devicetree Specification 0.4, chapter 5) in one pass: keeps
 * the properties of each open node and looks at a node when it ends or its first child begins.
 */
#include "payload.h"

enum { FDT_MAGIC = 0xd00dfeed, BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, MAX_DEPTH = 8 };

struct property {
	const uint8_t *data;
	uint32_t bytes;
};

struct node {
	const char *name;
	struct property compatible;
	struct property reg;
	struct property device_type;
	struct property method;
	uint32_t address_cells; /* for its children */
	uint32_t size_cells;
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t get_cells(const uint8_t *p, uint32_t cells)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < cells; i++)
		value = value << 32 | get32(p + 4 * i);
	return value;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Is one of the strings of a string list this one? */
static bool has_string(const struct property *list, const char *text)
{
	uint32_t i = 0;

	while (i < list->bytes) {
		if (same((const char *)list->data + i, text))
			return true;
		while (i < list->bytes && list->data[i])
			i++;
		i++;
	}
	return false;
}

static void read_memory(struct board *board, const struct node *node, const struct node *parent)
{
	uint32_t entry = 4 * (parent->address_cells + parent->size_cells);

	for (uint32_t i = 0; i + entry <= node->reg.bytes; i += entry) {
		const uint8_t *p = node->reg.data + i;
		uint64_t bytes = get_cells(p + 4 * parent->address_cells, parent->size_cells);

		if (bytes > board->memory_bytes) {
			board->memory_base = get_cells(p, parent->address_cells);
			board->memory_bytes = bytes;
		}
	}
}

static void read_node(struct board *board, const struct node *node, const struct node *parent,
		      uint64_t own_mpidr)
{
	uint32_t entry = 4 * (parent->address_cells + parent->size_cells);

	if (node->method.bytes && has_string(&node->method, "smc"))
		board->psci_smc = true;
	if (node->reg.bytes < entry || !entry)
		return;
	if (has_string(&node->device_type, "memory")) {
		read_memory(board, node, parent);
	} else if (has_string(&node->device_type, "cpu")) {
		uint64_t mpidr = get_cells(node->reg.data, parent->address_cells);

		if (mpidr != own_mpidr && !board->has_second_cpu) {
			board->second_cpu = mpidr;
			board->has_second_cpu = true;
		}
	} else if (has_string(&node->compatible, "arm,gic-v3") && node->reg.bytes >= 2 * entry) {
		board->gicd = get_cells(node->reg.data, parent->address_cells);
		board->gicr = get_cells(node->reg.data + entry, parent->address_cells);
	} else if (!board->uart && (has_string(&node->compatible, "arm,pl011") ||
				    has_string(&node->compatible, "arm,sbsa-uart"))) {
		board->uart = get_cells(node->reg.data, parent->address_cells);
	}
}

static void set_property(struct node *node, const char *name, struct property value)
{
	if (same(name, "compatible"))
		node->compatible = value;
	else if (same(name, "reg"))
		node->reg = value;
	else if (same(name, "device_type"))
		node->device_type = value;
	else if (same(name, "method"))
		node->method = value;
	else if (same(name, "#address-cells"))
		node->address_cells = get32(value.data);
	else if (same(name, "#size-cells"))
		node->size_cells = get32(value.data);
}

bool fdt_read_board(struct board *board, uint64_t dtb, uint64_t own_mpidr)
{
	const uint8_t *blob = (const uint8_t *)dtb;
	struct node nodes[MAX_DEPTH + 1] = {0};
	uint32_t depth = 0;
	const uint8_t *p, *end, *strings;

	if (!dtb || get32(blob) != FDT_MAGIC)
		return false;
	board->dtb = dtb;
	board->dtb_bytes = get32(blob + 4);
	p = blob + get32(blob + 8);
	strings = blob + get32(blob + 12);
	end = p + get32(blob + 36);
	while (p + 4 <= end) {
		uint32_t token = get32(p);

		p += 4;
		if (token == BEGIN_NODE) {
			if (++depth > MAX_DEPTH)
				return false;
			nodes[depth] = (struct node){.address_cells = 2, .size_cells = 1};
			while (*p)
				p++;
			p = (const uint8_t *)(((uint64_t)p + 4) & ~3UL);
		} else if (token == END_NODE) {
			if (!depth)
				return false;
			read_node(board, &nodes[depth], &nodes[depth - 1], own_mpidr);
			depth--;
		} else if (token == PROP) {
			struct property value = {p + 8, get32(p)};

			set_property(&nodes[depth], (const char *)strings + get32(p + 4), value);
			p = (const uint8_t *)(((uint64_t)p + 8 + value.bytes + 3) & ~3UL);
		} else if (token != NOP) {
			break;
		}
	}
	return board->uart && board->gicd && board->memory_bytes;
}
