/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/dtcpus.h"
#include "tests/unit/dtc.h"

#define NODES_MAX 64
#define CPUS_MAX  6

/* A tree from its source, read. */
struct test {
	struct blob blob;
	struct fdt fdt;
	struct fdt_node node[NODES_MAX];
	struct bootcpu cpu[CPUS_MAX];
	struct bootcpu_list list;
};

static void take(struct test *t, struct blob blob, uint64_t own_mpidr)
{
	t->blob = blob;
	assert_int_equal(fdt_init(&t->fdt, blob.data, blob.bytes, t->node, NODES_MAX), ERR_OK);
	bootcpu_init(&t->list, t->cpu, CPUS_MAX);
	dtcpus_read(&t->fdt, own_mpidr, &t->list);
}

/* What is inside the root. */
static void read_tree(struct test *t, const char *inside, uint64_t own_mpidr)
{
	char text[4096];
	int bytes = snprintf(text, sizeof(text),
			     "/dts-v1/; /memreserve/ 0 0x1000;\n"
			     "/ { #address-cells = <2>; #size-cells = <1>; model = \"m\"; %s };",
			     inside);

	assert_true(bytes > 0 && bytes < (int)sizeof(text));
	take(t, dtc("-I dts -O dtb", text, bytes), own_mpidr);
}

#define CPU(reg, more)                                                                             \
	"cpu@" #reg " { device_type = \"cpu\"; reg = <0x" #reg ">; next-level-cache = <1>; " more  \
	" };"
#define CPUS(more)     "cpus { #address-cells = <1>; #size-cells = <0>; " more " };"
#define PSCI           "enable-method = \"psci\";"
#define SPIN(high, at) "enable-method = \"spin-table\"; cpu-release-addr = <" #high " " #at ">;"

static void test_psci(void **state)
{
	static const struct {
		const char *node;
		uint8_t version;
		uint8_t conduit;
		uint32_t cpu_on;
		const char *problem;
	} cases[] = {
		{"psci { compatible = \"arm,psci-1.0\", \"arm,psci-0.2\", \"arm,psci\"; method = "
		 "\"smc\"; cpu_on = <7>; };",
		 2, BOOTCPU_CONDUIT_SMC, 0, NULL},
		{"firmware { psci { compatible = \"arm,psci-0.2\"; method = \"hvc\"; }; };", 2,
		 BOOTCPU_CONDUIT_HVC, 0, NULL},
		{"psci { compatible = \"arm,psci\"; method = \"smc\"; cpu_on = <0x95c1ba60>; };", 1,
		 BOOTCPU_CONDUIT_SMC, 0x95c1ba60, NULL},
		{"psci { compatible = \"arm,psci\"; method = \"smc\"; };", 1, BOOTCPU_CONDUIT_SMC,
		 0, "the PSCI node is one of version 0.1 and does not tell cpu_on"},
		{"psci { compatible = \"arm,psci\"; method = \"smc\"; cpu_on = <1 0>; };", 1,
		 BOOTCPU_CONDUIT_SMC, 0,
		 "the PSCI node is one of version 0.1 and does not tell cpu_on"},
		{"psci { compatible = \"arm,psci-1.0\"; method = \"SMC\"; };", 2, 0, 0,
		 "the PSCI node's method is neither smc nor hvc"},
		{"psci { compatible = \"arm,psci-1.0\"; };", 2, 0, 0,
		 "the PSCI node's method is neither smc nor hvc"},
		/* The later version counts, the first that is okay of it. */
		{"a { compatible = \"arm,psci\"; method = \"hvc\"; cpu_on = <1>; };"
		 "b { compatible = \"arm,psci-0.2\"; method = \"hvc\"; status = \"disabled\"; };"
		 "c { compatible = \"arm,psci-0.2\"; method = \"smc\"; };"
		 "d { compatible = \"arm,psci-1.0\"; method = \"hvc\"; };",
		 2, BOOTCPU_CONDUIT_SMC, 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct test t;

		read_tree(&t, cases[i].node, 0);
		assert_true(t.list.psci.present);
		assert_int_equal(t.list.psci.version, cases[i].version);
		assert_int_equal(t.list.psci.conduit, cases[i].conduit);
		if (cases[i].problem == NULL) {
			assert_int_equal(t.list.psci.cpu_on, cases[i].cpu_on);
			assert_null(t.list.psci.problem);
		} else {
			assert_string_equal(t.list.psci.problem, cases[i].problem);
		}
		assert_int_equal(t.list.count, 0);
		assert_int_equal(t.list.boot, BOOTCPU_NOWHERE);
		free(t.blob.data);
	}
}

static void test_methods(void **state)
{
	struct test t;

	read_tree(&t,
		  "psci { compatible = \"arm,psci-1.0\"; method = \"smc\"; };" CPUS(
			  "enable-method = \"brcm,bcm2836-smp\"; cpu-map { };" CPU(0, PSCI) CPU(
				  1, SPIN(0x1, 0xd8)) CPU(2, SPIN(0x1, 0xd8)) CPU(3, "")
				  CPU(101, "status = \"fail\";" PSCI) "l2-cache { device_type = "
								      "\"cache\"; reg = <9>; };"
								      "cpu@102 { reg = <0x102>; "
								      "enable-method = \"x\"; };"),
		  2);
	assert_int_equal(t.list.count, 5);
	assert_int_equal(t.list.disabled, 1);
	assert_int_equal(t.list.boot, 2);
	assert_int_equal(t.cpu[0].protocol, BOOTCPU_PSCI);
	assert_int_equal(t.cpu[1].protocol, BOOTCPU_SPIN_TABLE);
	assert_int_equal(t.cpu[1].address, 0x1000000d8);
	assert_false(t.cpu[1].shares);
	assert_true(t.cpu[2].shares);
	assert_int_equal(t.cpu[3].protocol, BOOTCPU_BOARD);
	assert_string_equal(t.cpu[3].method, "brcm,bcm2836-smp");
	assert_int_equal(t.cpu[4].mpidr, 0x102);
	assert_string_equal(t.cpu[4].method, "x");
	assert_int_equal(t.cpu[4].address, 0);
	assert_string_equal(t.cpu[3].problem, "its enable-method needs a node that is missing");
	t.cpu[3].problem = NULL;
	for (uint32_t i = 0; i < t.list.count; i++)
		assert_null(t.cpu[i].problem);
	free(t.blob.data);
}

/* A board's own way: the register, or what is missing. */
static void test_board(void **state)
{
	static const struct {
		const char *node;
		uint64_t address;
		const char *problem;
	} cases[] = {
		{"l { compatible = \"brcm,bcm2836-l1-intc\"; reg = <0 0x40000000 0x100>; };",
		 0x400000ac, NULL},
		{"l { compatible = \"brcm,bcm2836-l1-intc\"; reg = <0 0x40000000 0xaf>; };", 0,
		 "its enable-method needs a node that is missing"},
		{"l { compatible = \"brcm,bcm2836-l1-intc\"; reg = <0 0x40000002 0x100>; };", 0,
		 "its enable-method needs a node that is missing"},
		{"", 0, "its enable-method needs a node that is missing"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct test t;
		char text[1024];

		snprintf(text, sizeof(text), "%s%s", cases[i].node,
			 CPUS("enable-method = \"brcm,bcm2836-smp\";" CPU(0, "") CPU(2, "")));
		read_tree(&t, text, 0);
		assert_int_equal(t.cpu[1].protocol, BOOTCPU_BOARD);
		assert_int_equal(t.cpu[1].address, cases[i].address);
		if (cases[i].problem == NULL)
			assert_null(t.cpu[1].problem);
		else
			assert_string_equal(t.cpu[1].problem, cases[i].problem);
		free(t.blob.data);
	}
}

static void test_problems(void **state)
{
	struct test t;

	read_tree(&t,
		  CPUS(CPU(0, "") CPU(1, PSCI) CPU(2, "enable-method = \"spin-table\";")
			       CPU(3, SPIN(0, 0x44)) "cpu@4 { device_type = \"cpu\"; " PSCI
						     " };" CPU(80000000, SPIN(0, 0x48))),
		  0);
	assert_int_equal(t.list.count, 6);
	assert_string_equal(t.cpu[0].problem, "it has no enable-method");
	assert_int_equal(t.list.boot, 0);
	assert_string_equal(t.cpu[1].problem,
			    "its enable-method is psci, and there is no PSCI node");
	assert_string_equal(t.cpu[2].problem,
			    "its enable-method is spin-table, and it has no cpu-release-addr");
	assert_string_equal(t.cpu[3].problem, "its cpu-release-addr is not a multiple of 8");
	assert_string_equal(t.cpu[4].problem,
			    "its reg is missing, or has neither one nor two cells");
	assert_string_equal(t.cpu[5].problem, "its reg has bits that are no affinity");
	free(t.blob.data);
	/* Two of the same; more than there is room for, and the last of them runs. */
	read_tree(&t,
		  CPUS(CPU(0, SPIN(0, 8)) "a { device_type = \"cpu\"; reg = <0>; " SPIN(
			  0, 16) " };" CPU(1, SPIN(0, 24)) CPU(2, SPIN(0, 32)) CPU(3, SPIN(0, 40))
			       CPU(4, SPIN(0, 48)) CPU(5, SPIN(0, 56))
				       CPU(6, "status = \"disabled\";")),
		  6);
	assert_int_equal(t.list.count, CPUS_MAX);
	assert_int_equal(t.list.beyond, 2);
	assert_int_equal(t.list.boot, CPUS_MAX - 1);
	assert_int_equal(t.cpu[CPUS_MAX - 1].mpidr, 6);
	assert_string_equal(t.cpu[1].problem, "an earlier CPU has the same MPIDR");
	free(t.blob.data);
}

/* ---- writing ---- */

/* A change of a tree, and what the result reads as, in dtc's own words. */
static char *change_tree(struct test *t, const struct dtcpus_use *use, uint32_t regions,
			 bool no_map, enum err expected)
{
	static const struct fdt_region reserve[] = {{0x40000000, 0x4000}, {0x180000000, 0x1000}};
	struct dtcpus_change change = {.list = &t->list,
				       .use = use,
				       .reserve = reserve,
				       .reserve_count = regions,
				       .no_map = no_map};
	size_t room = t->fdt.bytes + DTCPUS_ROOM(t->list.count, regions);
	uint8_t *out = malloc(room);
	size_t bytes = 0;
	struct blob text = {0};

	assert_int_equal(dtcpus_write(&t->fdt, &change, out, room, &bytes), expected);
	if (expected == ERR_OK) {
		text = dtc("-I dtb -O dts -s", out, bytes);
		assert_true(text.bytes < BLOB_MAX);
		text.data[text.bytes] = '\0';
		/* Every smaller room is too small, and nothing is written behind its end. */
		for (size_t less = bytes - 1; less > 0; less -= less > 7 ? 7 : less) {
			uint8_t *small = malloc(less);

			assert_int_equal(dtcpus_write(&t->fdt, &change, small, less, &room),
					 ERR_NO_MEMORY);
			free(small);
		}
	}
	free(out);
	return (char *)text.data;
}

/* A tree's words, sorted by dtc as those of change_tree(). */
static char *words_of(const char *inside, const char *reservations)
{
	char text[4096];
	int bytes = snprintf(text, sizeof(text),
			     "/dts-v1/; /memreserve/ 0 0x1000; %s\n"
			     "/ { #address-cells = <2>; #size-cells = <1>; model = \"m\"; %s };",
			     reservations, inside);
	struct blob b = dtc("-I dts -O dtb", text, bytes);
	struct blob words = dtc("-I dtb -O dts -s", b.data, b.bytes);

	free(b.data);
	words.data[words.bytes] = '\0';
	return (char *)words.data;
}

#define RESERVED_1 "/memreserve/ 0x40000000 0x4000;"
#define RESERVED_2 RESERVED_1 "/memreserve/ 0x180000000 0x1000;"
#define BOXES_1    "mailboxes@40000000 { reg = <0 0x40000000 0x4000>;"
#define BOXES_2    "mailboxes@180000000 { reg = <1 0x80000000 0x1000>;"

static void test_write_psci(void **state)
{
	static const struct dtcpus_use use[] = {{true, 0}, {true, 0x40000008}, {true, 0x100001008}};
	struct test t;
	char *got;
	char *wanted;

	read_tree(&t,
		  "psci { compatible = \"arm,psci-1.0\"; method = \"smc\"; cd0 { }; };"
		  "other { x = <1>; };" CPUS(
			  "cpu-map { };" CPU(0, PSCI "cpu-idle-states = <2>;") CPU(
				  1, PSCI "power-domain-names = \"psci\"; power-domains = <3>;")
				  CPU(2, PSCI "power-domain-names = \"x\"; power-domains = <3>;")),
		  0);
	got = change_tree(&t, use, 1, false, ERR_OK);
	wanted = words_of(
		"other { x = <1>; };" CPUS(
			"cpu-map { };" CPU(0, "") CPU(1, SPIN(0, 0x40000008)) CPU(
				2, SPIN(1, 0x1008) "power-domain-names = \"x\"; "
						   "power-domains = <3>;")) "reserved-memory { "
									    "#address-cells = <2>; "
									    "#size-cells = <1>; "
									    "ranges;" BOXES_1
									    "}; };",
		RESERVED_1);
	assert_string_equal(got, wanted);
	free(got);
	free(wanted);
	free(t.blob.data);
}

/* CPUs are left out; spin tables become others; reserved-memory was there. */
static void test_write_spin(void **state)
{
	static const struct dtcpus_use use[] = {{true, 0x10}, {false, 0x20}, {true, 0}};
	static const char *const others[] = {"", "z { y = <1>; };"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct test t;
		char text[1024];
		char *got;
		char *wanted;

		snprintf(text, sizeof(text), "%s%s%s",
			 CPUS("enable-method = \"b\"; cpu-map { };" CPU(0, SPIN(0, 8))
				      CPU(1, SPIN(0, 8)) CPU(2, "cpu-idle-states = <4>;") CPU(
					      3, "status = \"disabled\";") "cache { x = <1>; };"),
			 "reserved-memory { #address-cells = <2>; #size-cells = <1>; ranges;"
			 "a@0 { reg = <0 0 1>; }; };",
			 others[i]);
		read_tree(&t, text, 2);
		assert_int_equal(t.list.boot, 2);
		got = change_tree(&t, use, 2, true, ERR_OK);
		snprintf(text, sizeof(text), "%s%s%s",
			 CPUS("enable-method = \"b\";" CPU(0, SPIN(0, 0x10))
				      CPU(2, "cpu-idle-states = <4>;") "cache { x = <1>; };"),
			 "reserved-memory { #address-cells = <2>; #size-cells = <1>; ranges;"
			 "a@0 { reg = <0 0 1>; };" BOXES_1 "no-map; };" BOXES_2 "no-map; }; };",
			 others[i]);
		wanted = words_of(text, RESERVED_2);
		assert_string_equal(got, wanted);
		free(got);
		free(wanted);
		free(t.blob.data);
	}
}

/* Nodes that claim to be PSCI, and cells that are too few. */
static void test_write_odd(void **state)
{
	static const struct dtcpus_use use[] = {{true, 0}};
	struct test t;

	read_tree(&t,
		  "reserved-memory { compatible = \"arm,psci\"; #address-cells = <1>;"
		  " #size-cells = <1>; x { compatible = \"arm,psci\"; }; };" CPUS(
			  "compatible = \"arm,psci\";" CPU(0, "")),
		  0);
	free(change_tree(&t, use, 1, false, ERR_OK));
	free(change_tree(&t, use, 2, false, ERR_RANGE));
	free(t.blob.data);
	/* A tree without CPUs. */
	read_tree(&t, "x { compatible = \"arm,psci\"; };", 0);
	free(change_tree(&t, use, 0, false, ERR_OK));
	free(t.blob.data);
}

/* /chosen for a kernel: with what it had besides, without a boot loader's modules; or made. */
static void test_write_chosen(void **state)
{
	static const struct {
		const char *before;
		const char *after;
		size_t bootargs_bytes;
		uint64_t initrd_bytes;
	} cases[] = {
		{"chosen { bootargs = \"payload=kernel\"; stdout-path = \"serial0\"; "
		 "linux,initrd-start = <1>; linux,initrd-end = <2>; "
		 "module@1 { compatible = \"multiboot,kernel\", \"multiboot,module\"; };"
		 "framebuffer { }; };",
		 "chosen { bootargs = \"quiet\"; stdout-path = \"serial0\"; "
		 "linux,initrd-start = <1 0x80000000>; linux,initrd-end = <1 0x80001234>; "
		 "framebuffer { }; };",
		 5, 0x1234},
		{"chosen { bootargs = \"payload=kernel\"; linux,initrd-start = <1>; };",
		 "chosen { };", 0, 0},
		{"", "chosen { bootargs = \"qui\"; };", 3, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static const struct dtcpus_use use[CPUS_MAX] = {{true, 0}};
		struct dtcpus_change change = {
			.use = use,
			.hands_over = true,
			.bootargs = "quiet and more",
			.bootargs_bytes = cases[i].bootargs_bytes,
			.initrd = {0x180000000, cases[i].initrd_bytes},
		};
		uint8_t out[4096] __attribute__((aligned(8)));
		struct test t;
		struct blob text;
		char *wanted = words_of(cases[i].after, "");
		size_t bytes;

		read_tree(&t, cases[i].before, 0);
		change.list = &t.list;
		assert_int_equal(dtcpus_write(&t.fdt, &change, out, sizeof(out), &bytes), ERR_OK);
		text = dtc("-I dtb -O dts -s", out, bytes);
		text.data[text.bytes] = '\0';
		assert_string_equal((char *)text.data, wanted);
		free(text.data);
		free(wanted);
		free(t.blob.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psci),       cmocka_unit_test(test_methods),
		cmocka_unit_test(test_problems),   cmocka_unit_test(test_write_psci),
		cmocka_unit_test(test_write_spin), cmocka_unit_test(test_write_odd),
		cmocka_unit_test(test_board),      cmocka_unit_test(test_write_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
