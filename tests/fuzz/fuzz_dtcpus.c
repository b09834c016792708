/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/dtcpus.h"
#include "lib/text.h"

#define NODES_MAX 256
#define CPUS_MAX  4
#define OWN       1

/* A small tree whose nodes and properties the input chooses; to be freed. */
static uint8_t *make_tree(struct fuzz_input *in, size_t *bytes)
{
	static const char *const nodes[] = {"cpus",    "cpu@0", "cpu@1",           "cpu",
					    "cpu-map", "psci",  "reserved-memory", "chosen"};
	static const char *const names[] = {
		"compatible",      "enable-method", "cpu-release-addr", "reg",
		"device_type",     "status",        "method",           "cpu_on",
		"#address-cells",  "#size-cells",   "power-domains",    "power-domain-names",
		"cpu-idle-states", "ranges",        "phandle",          "y"};
	static const char *const texts[] = {"arm,psci", "arm,psci-1.0", "psci", "spin-table",
					    "cpu",      "okay",         "smc",  "disabled"};
	/* An empty tree to begin with: header, no reservation, root. */
	uint32_t empty[] = {0xd00dfeed, 72, 56, 72, 40, 17, 16, 0, 0, 16, 0, 0, 0, 0, 1, 0, 2, 9};
	static struct fdt_node node[2];
	size_t room = 1024 + 64 * in->bytes;
	uint8_t *out = malloc(room);
	struct fdt source;
	struct fdtw w;
	uint32_t depth = 1;
	bool after_child = false;

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		empty[i] = __builtin_bswap32(empty[i]);
	FUZZ_CHECK(fdt_init(&source, empty, sizeof(empty), node, 2) == ERR_OK);
	fdtw_init(&w, &source, out, room);
	fdtw_begin(&w, "");
	while (in->bytes != 0) {
		uint8_t byte = (uint8_t)fuzz_take(in, 1);
		const char *name = names[byte >> 4];

		switch (byte & 3) {
		case 0:
			if (depth < 5) {
				fdtw_begin(&w, nodes[(byte >> 2) & 7]);
				depth++;
				after_child = false;
			}
			break;
		case 1:
			if (depth > 1) {
				fdtw_end(&w);
				depth--;
				after_child = true;
			}
			break;
		case 2:
			if (!after_child)
				fdtw_prop_string(&w, name, texts[fuzz_take(in, 1) & 7]);
			break;
		default:
			if (!after_child && byte & 4)
				fdtw_prop_u64(&w, name, fuzz_take(in, 8));
			else if (!after_child)
				fdtw_prop_u32(&w, name, (uint32_t)fuzz_take(in, 1));
		}
	}
	for (; depth > 0; depth--)
		fdtw_end(&w);
	FUZZ_CHECK(fdtw_finish(&w, bytes) == ERR_OK);
	return out;
}

static void check_list(const struct fdt *fdt, const struct bootcpu_list *list)
{
	FUZZ_CHECK(list->count <= list->max);
	FUZZ_CHECK(list->boot == BOOTCPU_NOWHERE || list->cpu[list->boot].mpidr == OWN);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct bootcpu *cpu = &list->cpu[i];

		FUZZ_CHECK(cpu->where < fdt->node_count);
		FUZZ_CHECK(cpu->problem != NULL || cpu->protocol != BOOTCPU_NONE);
		FUZZ_CHECK(cpu->problem != NULL || (cpu->mpidr & ~BOOTCPU_AFFINITY) == 0);
		FUZZ_CHECK(cpu->protocol != BOOTCPU_SPIN_TABLE || cpu->problem != NULL ||
			   cpu->address % 8 == 0);
	}
}

/* The changed tree lists only the CPUs that are used, with their new release words. */
static void check_change(const struct fdt *fdt, const struct bootcpu_list *list)
{
	static const struct fdt_region reserve[] = {{0x40000000, 0x1000}, {0x50000000, 0x2000}};
	static struct fdt_node node[NODES_MAX];
	struct dtcpus_use use[CPUS_MAX] = {{0}};
	struct dtcpus_change change = {.list = list,
				       .use = use,
				       .reserve = reserve,
				       .reserve_count = ARRAY_SIZE(reserve),
				       .no_map = true,
				       .hands_over = true,
				       .bootargs = "quiet",
				       .bootargs_bytes = 5,
				       .initrd = {GIB(1), GIB(1)}};
	size_t room = fdt->bytes + DTCPUS_ROOM(list->count, ARRAY_SIZE(reserve)) + 5;
	uint8_t *out = malloc(room);
	struct bootcpu cpu[CPUS_MAX];
	struct bootcpu_list got;
	struct fdt again;
	size_t bytes;
	enum err err;

	for (uint32_t i = 0; i < list->count; i++)
		use[i] = (struct dtcpus_use){i != 2, i == list->boot ? 0 : 0x40000008 + 0x100 * i};
	err = dtcpus_write(fdt, &change, out, room, &bytes);
	FUZZ_CHECK(err == ERR_OK || err == ERR_RANGE);
	if (err == ERR_OK) {
		uint32_t spinning = 0;

		FUZZ_CHECK(fdt_init(&again, out, bytes, node, NODES_MAX) == ERR_OK);
		FUZZ_CHECK(again.reserve_count == fdt->reserve_count + ARRAY_SIZE(reserve));
		bootcpu_init(&got, cpu, CPUS_MAX);
		dtcpus_read(&again, OWN, &got);
		FUZZ_CHECK(got.count <= list->count && got.disabled == 0 && got.beyond == 0);
		for (uint32_t i = 0; i < got.count; i++)
			spinning += got.cpu[i].protocol == BOOTCPU_SPIN_TABLE &&
				    got.cpu[i].address >= 0x40000008;
		FUZZ_CHECK(spinning + 1 >= got.count);
		FUZZ_CHECK(fdt_child(&again, FDT_ROOT, "chosen") != FDT_NONE);
	}
	free(out);
}

static void look_at(const uint8_t *blob, size_t bytes)
{
	static struct fdt_node node[NODES_MAX];
	struct bootcpu cpu[CPUS_MAX];
	struct bootcpu_list list;
	struct fdt fdt;

	/* Room for the nodes that are added. */
	if (fdt_init(&fdt, blob, bytes, node, NODES_MAX - 8) != ERR_OK)
		return;
	bootcpu_init(&list, cpu, CPUS_MAX);
	dtcpus_read(&fdt, OWN, &list);
	check_list(&fdt, &list);
	check_change(&fdt, &list);
}

/* The input is a blob, or else chooses the words of one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	size_t tree_bytes;
	uint8_t *tree;

	look_at(data, bytes);
	tree = make_tree(&in, &tree_bytes);
	look_at(tree, tree_bytes);
	free(tree);
	return 0;
}
