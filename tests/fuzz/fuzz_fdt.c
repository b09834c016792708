/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/fdt.h"
#include "lib/fdtw.h"

#define NODES_MAX 256

static void look_at_node(const struct fdt *fdt, uint32_t node)
{
	struct fdt_region region;
	struct fdt_prop prop;
	uint64_t number;

	FUZZ_CHECK(fdt_name_is(fdt, node, fdt_name(fdt, node)));
	FUZZ_CHECK(fdt_child_next(fdt, node) > node && fdt_child_first(fdt, node) > node);
	FUZZ_CHECK(node == FDT_ROOT || fdt->node[node].parent < node);
	(void)fdt_is_okay(fdt, node);
	(void)fdt_path(fdt, fdt_name(fdt, node), strlen(fdt_name(fdt, node)));
	for (uint32_t cursor = fdt->node[node].props; fdt_prop_next(fdt, &cursor, &prop);) {
		const char *text = fdt_prop_string(&prop, 0);
		struct fdt_prop same;

		FUZZ_CHECK(prop.data >= fdt->structs);
		FUZZ_CHECK(prop.bytes <= fdt->struct_bytes - (size_t)(prop.data - fdt->structs));
		FUZZ_CHECK(text == NULL || strlen(text) < prop.bytes);
		FUZZ_CHECK(fdt_prop(fdt, node, prop.name, &same));
		(void)fdt_prop_number(fdt, node, prop.name, &number);
		if (text != NULL)
			(void)fdt_compatible(fdt, node, text);
	}
	for (uint32_t i = 0; fdt_reg(fdt, node, i, &region) == ERR_OK; i++)
		FUZZ_CHECK(region.base + region.bytes >= region.base);
}

static void copy_node(struct fdtw *w, const struct fdt *fdt, uint32_t node)
{
	struct fdt_prop prop;

	fdtw_begin(w, fdt_name(fdt, node));
	for (uint32_t cursor = fdt->node[node].props; fdt_prop_next(fdt, &cursor, &prop);)
		fdtw_copy(w, &prop);
	for (uint32_t c = fdt_child_first(fdt, node); c != FDT_NONE; c = fdt_child_next(fdt, c))
		copy_node(w, fdt, c);
	fdtw_end(w);
}

/* A copy of a good tree is a good tree of the same shape. */
static void check_copy(const struct fdt *fdt)
{
	static struct fdt_node node[NODES_MAX];
	size_t room = 40 + 2 * (size_t)fdt->bytes + 64, bytes;
	uint8_t *out = malloc(room);
	struct fdt copy;
	struct fdtw w;

	fdtw_init(&w, fdt, out, room);
	copy_node(&w, fdt, FDT_ROOT);
	FUZZ_CHECK(fdtw_finish(&w, &bytes) == ERR_OK && bytes <= room);
	FUZZ_CHECK(fdt_init(&copy, out, bytes, node, NODES_MAX) == ERR_OK);
	FUZZ_CHECK(copy.node_count == fdt->node_count);
	FUZZ_CHECK(copy.reserve_count == fdt->reserve_count);
	FUZZ_CHECK(copy.bytes <= bytes && bytes - copy.bytes < 4); /* padding of the strings */
	for (uint32_t i = 0; i < copy.node_count; i++) {
		FUZZ_CHECK(copy.node[i].parent == fdt->node[i].parent);
		FUZZ_CHECK(strcmp(fdt_name(&copy, i), fdt_name(fdt, i)) == 0);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct fdt_node node[NODES_MAX];
	struct fdt fdt;

	/* libFuzzer's input is aligned as malloc() aligns. */
	enum err err = fdt_init(&fdt, data, bytes, node, NODES_MAX);

	for (uint32_t i = 0; i < fdt.node_count; i++)
		look_at_node(&fdt, i);
	if (err == ERR_OK) {
		for (uint32_t i = 0; i < fdt.reserve_count; i++)
			(void)fdt_reserved(&fdt, i);
		check_copy(&fdt);
	}
	return 0;
}
