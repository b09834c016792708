/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/fdt.h"
#include "lib/fdtw.h"
#include "tests/unit/dtc.h"
#include "tests/unit/prop.h"

#define NODES_MAX    64
#define SOURCE_NODES 24

static const char source[] =
	"/dts-v1/;\n"
	"/memreserve/ 0x40000000 0x10000;\n"
	"/memreserve/ 0x123456789abc 0x1000;\n"
	"/ {\n"
	"	#address-cells = <2>; #size-cells = <2>;\n"
	"	compatible = \"vendor,board\", \"vendor,family\";\n"
	"	aliases { serial0 = \"/soc/uart@9000\"; broken = \"soc\"; empty; };\n"
	"	memory@40000000 { device_type = \"memory\";\n"
	"		reg = <0 0x40000000 0 0x20000000>, <1 0 2 0>; };\n"
	"	soc { #address-cells = <1>; #size-cells = <1>; compatible = \"simple-bus\";\n"
	"		ranges = <0x8000 0 0x9000000 0x10000>, <0x100000 1 0 0x100000>;\n"
	"		uart@9000 { compatible = \"vendor,uart\", \"arm,pl011\"; reg = <0x9000 "
	"0x1000>;\n"
	"			status = \"okay\"; number = <7>; wide = <1 2>; odd = [010203]; };\n"
	"		uart@a000 { compatible = \"arm,pl011\"; reg = <0xa000 0x1000>;\n"
	"			status = \"disabled\"; };\n"
	"		far@1ff000 { reg = <0x1ff000 0x1000>; status = \"ok\"; };\n"
	"		outside@200000 { reg = <0x1ff000 0x2000>; };\n"
	"		inner { #address-cells = <1>; #size-cells = <1>; ranges;\n"
	"			deep@8000 { reg = <0x8000 4>; }; };\n"
	"		i2c { #address-cells = <1>; #size-cells = <0>; sensor@5 { reg = <5>; }; "
	"};\n"
	"		closed { #address-cells = <1>; #size-cells = <1>; x@0 { reg = <0 4>; }; "
	"};\n"
	"	};\n"
	"	wide { #address-cells = <3>; #size-cells = <2>; ranges;\n"
	"		pci@0 { reg = <0 0 0 0 1>; }; };\n"
	"	three { #address-cells = <3>; #size-cells = <1>; ranges = <0 0 0 0 0 1>;\n"
	"		bus { #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0 0 1>;\n"
	"			x@0 { reg = <0 1>; }; }; };\n"
	"	defaults { d@1 { reg = <0 1 2>; }; };\n"
	"	top { #address-cells = <1>; #size-cells = <1>;\n"
	"		ranges = <0 0xffffffff 0xfffff000 0x10000>;\n"
	"		last@0 { reg = <0 0xfff>, <1 0xfff>; };\n"
	"		over@1000 { reg = <0x1000 0x1000>; }; };\n"
	"};\n";

struct tree {
	struct blob blob;
	struct fdt fdt;
	struct fdt_node node[NODES_MAX];
};

static int setup(void **state)
{
	static struct tree t;

	t.blob = dtc("-I dts -O dtb", source, sizeof(source) - 1);
	assert_int_equal(fdt_init(&t.fdt, t.blob.data, t.blob.bytes, t.node, NODES_MAX), ERR_OK);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;

	free(t->blob.data);
	return 0;
}

static uint32_t path(const struct fdt *fdt, const char *text)
{
	return fdt_path(fdt, text, strlen(text));
}

static void test_structure(void **state)
{
	const struct fdt *fdt = &((struct tree *)*state)->fdt;
	uint32_t soc = path(fdt, "/soc");
	uint32_t children = 0;

	assert_int_equal(fdt->node_count, SOURCE_NODES);
	assert_string_equal(fdt_name(fdt, FDT_ROOT), "");
	assert_string_equal(fdt_name(fdt, soc), "soc");
	for (uint32_t c = fdt_child_first(fdt, soc); c != FDT_NONE; c = fdt_child_next(fdt, c))
		children++;
	assert_int_equal(children, 7);
	assert_int_equal(fdt_child_first(fdt, path(fdt, "/aliases")), FDT_NONE);
	assert_int_equal(fdt_child(fdt, soc, "uart"), fdt_child(fdt, soc, "uart@9000"));
	assert_int_not_equal(fdt_child(fdt, soc, "uart"), fdt_child(fdt, soc, "uart@a000"));
	assert_int_equal(fdt_child(fdt, soc, "uar"), FDT_NONE);
	assert_int_equal(fdt_child(fdt, soc, "uart@900"), FDT_NONE);
	assert_int_equal(fdt_child(fdt, soc, "deep"), FDT_NONE);
	assert_true(fdt_name_is(fdt, path(fdt, "/memory"), "memory"));
	assert_false(fdt_name_is(fdt, path(fdt, "/memory"), "memory@4"));
}

static void test_header(void **state)
{
	const struct tree *t = *state;
	const uint32_t no_tree[2] = {0x0df0edfe, 64};

	assert_int_equal(fdt_header_bytes(t->blob.data), t->blob.bytes);
	assert_int_equal(fdt_header_bytes(no_tree), 0);
}

static void test_paths(void **state)
{
	const struct fdt *fdt = &((struct tree *)*state)->fdt;
	uint32_t uart = path(fdt, "/soc/uart@9000");

	assert_int_not_equal(uart, FDT_NONE);
	assert_int_equal(path(fdt, "/"), FDT_ROOT);
	assert_int_equal(path(fdt, "//soc///uart/"), uart);
	assert_int_equal(path(fdt, "serial0"), uart);
	assert_int_equal(fdt_path(fdt, "serial0:115200", 7), uart);
	assert_int_equal(path(fdt, ""), FDT_NONE);
	assert_int_equal(path(fdt, "serial"), FDT_NONE);
	assert_int_equal(path(fdt, "serial01"), FDT_NONE);
	assert_int_equal(path(fdt, "broken"), FDT_NONE);
	assert_int_equal(path(fdt, "empty"), FDT_NONE);
	assert_int_equal(path(fdt, "/soc/uart/x"), FDT_NONE);
	assert_int_equal(path(fdt, "/socx"), FDT_NONE);
}

static void test_properties(void **state)
{
	const struct fdt *fdt = &((struct tree *)*state)->fdt;
	uint32_t uart = path(fdt, "serial0");
	uint32_t second = path(fdt, "/soc/uart@a000");
	struct fdt_prop prop;
	uint64_t number = 9;

	assert_true(fdt_prop(fdt, uart, "compatible", &prop));
	assert_string_equal(fdt_prop_string(&prop, 0), "vendor,uart");
	assert_string_equal(fdt_prop_string(&prop, 1), "arm,pl011");
	assert_null(fdt_prop_string(&prop, 2));
	assert_false(fdt_prop(fdt, uart, "compatibl", &prop));
	assert_int_equal(prop.bytes, 0);
	assert_true(fdt_prop(fdt, uart, "odd", &prop));
	assert_int_equal(prop.bytes, 3);
	assert_null(fdt_prop_string(&prop, 0)); /* no NUL */
	assert_int_equal(fdt_prop_cell(&prop, 0), 0);
	assert_false(fdt_prop_number(fdt, uart, "odd", &number));
	assert_false(fdt_prop_number(fdt, uart, "absent", &number));
	assert_int_equal(number, 9);
	assert_true(fdt_prop_number(fdt, uart, "number", &number));
	assert_int_equal(number, 7);
	assert_true(fdt_prop_number(fdt, uart, "wide", &number));
	assert_int_equal(number, 0x100000002);

	assert_int_equal(fdt_compatible(fdt, 0, "arm,pl011"), uart);
	assert_int_equal(fdt_compatible(fdt, uart + 1, "arm,pl011"), second);
	assert_int_equal(fdt_compatible(fdt, second + 1, "arm,pl011"), FDT_NONE);
	assert_true(fdt_is_okay(fdt, uart));
	assert_true(fdt_is_okay(fdt, path(fdt, "/soc/far")));
	assert_true(fdt_is_okay(fdt, path(fdt, "/memory")));
	assert_false(fdt_is_okay(fdt, second));
}

static void check_reg(const struct fdt *fdt, const char *node, uint32_t index, enum err want,
		      uint64_t base, uint64_t bytes)
{
	struct fdt_region region = {0};

	assert_int_equal(fdt_reg(fdt, path(fdt, node), index, &region), want);
	if (want != ERR_OK)
		return;
	assert_int_equal(region.base, base);
	assert_int_equal(region.bytes, bytes);
}

static void test_addresses(void **state)
{
	const struct fdt *fdt = &((struct tree *)*state)->fdt;

	check_reg(fdt, "/memory", 0, ERR_OK, 0x40000000, 0x20000000);
	check_reg(fdt, "/memory", 1, ERR_OK, 0x100000000, 0x200000000);
	check_reg(fdt, "/memory", 2, ERR_NOT_FOUND, 0, 0);
	check_reg(fdt, "/memory", UINT32_MAX, ERR_NOT_FOUND, 0, 0);
	check_reg(fdt, "/soc/uart", 0, ERR_OK, 0x9001000, 0x1000);
	check_reg(fdt, "/soc/far", 0, ERR_OK, 0x1000ff000, 0x1000);
	check_reg(fdt, "/soc/outside", 0, ERR_NOT_FOUND, 0, 0);
	check_reg(fdt, "/soc/inner/deep", 0, ERR_OK, 0x9000000, 4);
	check_reg(fdt, "/soc/i2c/sensor", 0, ERR_NOT_FOUND, 0, 0);
	check_reg(fdt, "/soc/closed/x", 0, ERR_NOT_FOUND, 0, 0);
	check_reg(fdt, "/wide/pci", 0, ERR_UNSUPPORTED, 0, 0);
	check_reg(fdt, "/three/bus/x", 0, ERR_UNSUPPORTED, 0, 0);
	check_reg(fdt, "/defaults", 0, ERR_NOT_FOUND, 0, 0);
	check_reg(fdt, "/top/last", 0, ERR_OK, 0xfffffffffffff000, 0xfff);
	check_reg(fdt, "/top/last", 1, ERR_RANGE, 0, 0);
	check_reg(fdt, "/top/over", 0, ERR_RANGE, 0, 0);
	check_reg(fdt, "/", 0, ERR_NOT_FOUND, 0, 0);
	assert_int_equal(fdt->reserve_count, 2);
	assert_int_equal(fdt_reserved(fdt, 1).base, 0x123456789abc);
	assert_int_equal(fdt_reserved(fdt, 1).bytes, 0x1000);
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

/* The copy, in memory of just the size it may use, reads the same in dtc. */
static void test_copy(void **state)
{
	struct tree *t = *state;
	struct blob want = dtc("-I dtb -O dts", t->blob.data, t->blob.bytes);
	size_t room = t->blob.bytes, bytes = 0;
	enum err err = ERR_OK;

	for (; err == ERR_OK; room--) {
		uint8_t *out = malloc(room);
		struct fdtw w;

		fdtw_init(&w, &t->fdt, out, room);
		copy_node(&w, &t->fdt, FDT_ROOT);
		err = fdtw_finish(&w, &bytes);
		if (err == ERR_OK) {
			struct blob got = dtc("-I dtb -O dts", out, bytes);

			assert_int_equal(got.bytes, want.bytes);
			assert_memory_equal(got.data, want.data, want.bytes);
			free(got.data);
			room = bytes < room ? bytes + 1 : room; /* next: just enough */
		}
		free(out);
	}
	assert_int_equal(err, ERR_NO_MEMORY);
	assert_true(room <= bytes - 1 && bytes <= t->blob.bytes);
	free(want.data);
}

static void test_new_properties(void **state)
{
	struct tree *t = *state;
	static const char want[] = "n1 { a = \"text\"; b = <1>; a2 = <0 2>; b2 = <1 2>; b3 = <0 5>;"
				   "compatible = \"x\"; n2 { a = [01 02 03]; b = \"hello\"; }; };";
	char text[256];
	uint8_t *out = malloc(BLOB_MAX);
	struct fdtw w;
	size_t bytes;

	fdtw_init(&w, &t->fdt, out, BLOB_MAX);
	fdtw_begin(&w, "");
	fdtw_begin(&w, "n1");
	fdtw_prop_string(&w, "a", "text");
	fdtw_prop_u32(&w, "b", 1);
	fdtw_prop_u64(&w, "a2", 2);
	fdtw_prop_u64(&w, "b2", 0x100000002);
	fdtw_prop_cells(&w, "b3", 2);
	fdtw_cells(&w, 5, 2);
	fdtw_prop_string(&w, "compatible", "x");
	fdtw_begin(&w, "n2");
	fdtw_prop(&w, "a", "\1\2\3", 3);
	fdtw_prop_text(&w, "b", "hello, world", 5);
	fdtw_end(&w);
	fdtw_end(&w);
	fdtw_end(&w);
	assert_int_equal(fdtw_finish(&w, &bytes), ERR_OK);

	snprintf(text, sizeof(text), "/dts-v1/; %s / { %s };",
		 "/memreserve/ 0x40000000 0x10000; /memreserve/ 0x123456789abc 0x1000;", want);

	struct blob built = dtc("-I dts -O dtb", text, strlen(text));
	struct blob a = dtc("-I dtb -O dts", built.data, built.bytes);
	struct blob b = dtc("-I dtb -O dts", out, bytes);

	assert_int_equal(a.bytes, b.bytes);
	assert_memory_equal(a.data, b.data, a.bytes);
	free(built.data);
	free(a.data);
	free(b.data);
	free(out);
}

/* Every serial alias there can be, and a handful of names besides. */
static void test_many_new_names(void **state)
{
	struct tree *t = *state;
	uint8_t *out = malloc(BLOB_MAX);
	char name[32];
	struct fdtw w;
	size_t bytes;

	fdtw_init(&w, &t->fdt, out, BLOB_MAX);
	fdtw_begin(&w, "");
	for (int twice = 0; twice < 2; twice++) {
		for (int i = 0; i < 16; i++) {
			snprintf(name, sizeof(name), "serial%d", i);
			fdtw_prop_u32(&w, name, i);
		}
		for (int i = 0; i < 16; i++) {
			snprintf(name, sizeof(name), "linux,initrd-start%d", i);
			fdtw_prop_u32(&w, name, i);
		}
	}
	fdtw_end(&w);
	assert_int_equal(fdtw_finish(&w, &bytes), ERR_OK);
	free(out);
}

/* What was in memory before does not show through where data is padded. */
static void test_padding_is_zero(void **state)
{
	struct tree *t = *state;
	uint8_t *out = malloc(BLOB_MAX);
	struct fdt_node node[2];
	struct fdt_prop prop;
	struct fdtw w;
	struct fdt fdt;
	size_t bytes;

	memset(out, 0xff, BLOB_MAX);
	fdtw_init(&w, &t->fdt, out, BLOB_MAX);
	fdtw_begin(&w, "");
	fdtw_prop(&w, "p", "abcde", 5);
	fdtw_end(&w);
	assert_int_equal(fdtw_finish(&w, &bytes), ERR_OK);
	assert_int_equal(fdt_init(&fdt, out, bytes, node, 2), ERR_OK);
	assert_true(fdt_prop(&fdt, FDT_ROOT, "p", &prop));
	assert_memory_equal(prop.data, "abcde\0\0\0", 8);
	free(out);
}

static void test_writer_errors(void **state)
{
	struct tree *t = *state;
	uint8_t *out = malloc(BLOB_MAX);
	char name[FDTW_NEW_NAMES_BYTES + 1];
	struct fdtw w;
	size_t bytes;

	fdtw_init(&w, &t->fdt, out, BLOB_MAX);
	fdtw_begin(&w, "");
	assert_int_equal(fdtw_finish(&w, &bytes), ERR_INVALID);
	fdtw_init(&w, &t->fdt, out, BLOB_MAX);
	fdtw_end(&w);
	fdtw_begin(&w, "");
	assert_int_equal(fdtw_finish(&w, &bytes), ERR_INVALID);
	fdtw_init(&w, &t->fdt, out, 40 + 3 * 16 + 24);
	fdtw_begin(&w, "");
	fdtw_prop_text(&w, "compatible", "a longer text than fits", 23);
	assert_int_equal(fdtw_finish(&w, &bytes), ERR_NO_MEMORY);
	/* Names of properties have room for just so many. */
	memset(name, 'n', sizeof(name));
	for (int over = 0; over < 2; over++) {
		name[FDTW_NEW_NAMES_BYTES - 1 + over] = '\0';
		fdtw_init(&w, &t->fdt, out, BLOB_MAX);
		fdtw_begin(&w, "");
		fdtw_prop_u32(&w, name, 1);
		fdtw_end(&w);
		assert_int_equal(fdtw_finish(&w, &bytes), over ? ERR_RANGE : ERR_OK);
		name[FDTW_NEW_NAMES_BYTES - 1] = 'n';
	}
	free(out);
}

/* Looks at everything there is; ASan watches the bounds. */
static uint64_t look_at_all(const struct fdt *fdt)
{
	uint64_t sum = 0;

	for (uint32_t n = 0; n < fdt->node_count; n++) {
		struct fdt_region region;
		struct fdt_prop prop;

		sum += strlen(fdt_name(fdt, n)) + fdt_child_first(fdt, n) + fdt_is_okay(fdt, n);
		assert_true(fdt_child_next(fdt, n) > n);
		assert_true(n == 0 || fdt->node[n].parent < n);
		for (uint32_t c = fdt->node[n].props; fdt_prop_next(fdt, &c, &prop);) {
			sum += strlen(prop.name);
			for (uint32_t i = 0; i < prop.bytes; i++)
				sum += prop.data[i];
			sum += fdt_prop_cell(&prop, prop.bytes / 4) +
			       (fdt_prop_string(&prop, 1) != NULL);
		}
		for (uint32_t i = 0; fdt_reg(fdt, n, i, &region) == ERR_OK; i++)
			assert_true(region.base + region.bytes >= region.base);
	}
	return sum + fdt_compatible(fdt, 0, "arm,pl011") + path(fdt, "serial0");
}

static enum err init_cut(const uint8_t *data, size_t bytes)
{
	static struct fdt_node node[NODES_MAX];
	uint8_t *cut = malloc(bytes);
	struct fdt fdt;

	memcpy(cut, data, bytes);

	enum err err = fdt_init(&fdt, cut, bytes, node, NODES_MAX);

	look_at_all(&fdt);
	for (uint32_t i = 0; err == ERR_OK && i < fdt.reserve_count; i++)
		fdt_reserved(&fdt, i);
	free(cut);
	return err;
}

/* Both as found, and with a size in the header that agrees with the cut. */
static void test_truncated_everywhere(void **state)
{
	struct tree *t = *state;
	struct blob b = {.data = malloc(t->blob.bytes), .bytes = t->blob.bytes};

	memcpy(b.data, t->blob.data, b.bytes);
	for (size_t bytes = 0; bytes < b.bytes; bytes++) {
		assert_int_equal(init_cut(t->blob.data, bytes),
				 bytes < 40 ? ERR_INVALID : ERR_TRUNCATED);
		for (int i = 0; i < 4; i++)
			b.data[4 + i] = (uint8_t)(bytes >> (24 - 8 * i));
		assert_int_not_equal(init_cut(b.data, bytes), ERR_OK);
	}
	free(b.data);
}

static void test_corrupt_everywhere(void **state)
{
	static const uint8_t values[] = {0, 1, 2, 3, 4, 9, 0x7f, 0x80, 0xff};
	struct tree *t = *state;
	struct prop p = prop_start(__func__);
	struct blob b = {.data = malloc(t->blob.bytes), .bytes = t->blob.bytes};

	memcpy(b.data, t->blob.data, b.bytes);
	for (size_t i = 0; i < b.bytes; i++) {
		uint8_t good = b.data[i];

		for (size_t j = 0; j < sizeof(values); j++) {
			b.data[i] = values[j];
			(void)init_cut(b.data, b.bytes);
		}
		b.data[i] = good;
	}
	for (int round = 0; round < 3000; round++) {
		for (uint64_t n = prop_between(&p, 1, 6); n != 0; n--)
			b.data[prop_below(&p, b.bytes)] = values[prop_below(&p, sizeof(values))];
		(void)init_cut(b.data, b.bytes);
		memcpy(b.data, t->blob.data, b.bytes);
	}
	free(b.data);
}

static void test_header_errors(void **state)
{
	struct tree *t = *state;
	struct fdt_node node[NODES_MAX];
	struct fdt fdt;
	uint8_t *b = t->blob.data;

	assert_int_equal(fdt_init(&fdt, NULL, 0, node, NODES_MAX), ERR_INVALID);
	assert_int_equal(fdt_init(&fdt, b + 4, t->blob.bytes, node, NODES_MAX), ERR_INVALID);
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, SOURCE_NODES - 1), ERR_NO_MEMORY);
	assert_int_equal(fdt.node_count, SOURCE_NODES - 1);
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, SOURCE_NODES), ERR_OK);
	b[23] = 15; /* version */
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, NODES_MAX), ERR_UNSUPPORTED);
	b[23] = 16; /* the structure block's size is not there */
	b[36] ^= 0xff;
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, NODES_MAX), ERR_OK);
	b[36] ^= 0xff;
	assert_int_equal(fdt.node_count, SOURCE_NODES);
	b[23] = 18;
	b[27] = 17;
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, NODES_MAX), ERR_OK);
	b[27] = 18; /* compatible with nothing older */
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, NODES_MAX), ERR_UNSUPPORTED);
	b[23] = 17;
	b[27] = 16;
	b[0] ^= 1;
	assert_int_equal(fdt_init(&fdt, b, t->blob.bytes, node, NODES_MAX), ERR_INVALID);
	b[0] ^= 1;
}

/* A blob of these words as structure block; names of properties: "p". */
struct raw {
	_Alignas(8) uint32_t word[40];
	size_t bytes;
};

#define RAW_STRUCT 16 /* words: the header and, at 40, an empty reservation block are before it */

static struct raw make_raw(const uint32_t *words, size_t count)
{
	struct raw r = {.bytes = 4 * (RAW_STRUCT + count) + 4};
	uint32_t structs = 4 * RAW_STRUCT;
	const uint32_t header[] = {0xd00dfeed, (uint32_t)r.bytes,
				   structs,    structs + 4 * (uint32_t)count,
				   40,         17,
				   16,         0,
				   4,          4 * (uint32_t)count};

	memcpy(r.word, header, sizeof(header));
	memcpy(r.word + RAW_STRUCT, words, 4 * count);
	r.word[RAW_STRUCT + count] = 0x70000000;
	for (size_t i = 0; i < ARRAY_SIZE(r.word); i++)
		r.word[i] = __builtin_bswap32(r.word[i]);
	return r;
}

static void check_raw(enum err want, const uint32_t *words, size_t count)
{
	struct raw r = make_raw(words, count);

	assert_int_equal(init_cut((uint8_t *)r.word, r.bytes), want);
}

#define RAW(want, ...)                                                                             \
	check_raw(want, (const uint32_t[]){__VA_ARGS__},                                           \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void test_structure_errors(void **state)
{
	RAW(ERR_OK, 1, 0, 2, 9);
	RAW(ERR_OK, 4, 1, 0, 4, 3, 0, 0, 4, 2, 4, 9);
	RAW(ERR_TRUNCATED, 1, 0, 2);       /* no end */
	RAW(ERR_TRUNCATED, 1, 0);          /* an open node */
	RAW(ERR_TRUNCATED, 1, 0x6e6e6e6e); /* a name without a NUL */
	RAW(ERR_TRUNCATED, 1, 0, 3);       /* a property without length */
	RAW(ERR_TRUNCATED, 1, 0, 3, 0);    /* without a name */
	RAW(ERR_TRUNCATED, 1, 0, 3, 4, 0); /* without its data */
	RAW(ERR_TRUNCATED, 1, 0, 3, UINT32_MAX, 0, 2, 9);
	RAW(ERR_TRUNCATED, 1, 0, 3, 0, 0);                       /* ends behind a property */
	RAW(ERR_INVALID, 1, 0, 3, 0, 4, 2, 9);                   /* a name outside the strings */
	RAW(ERR_INVALID, 9);                                     /* no node */
	RAW(ERR_INVALID, 1, 0, 9);                               /* an end inside a node */
	RAW(ERR_INVALID, 2, 9);                                  /* closes what is not open */
	RAW(ERR_INVALID, 1, 0, 2, 1, 0, 2, 9);                   /* two roots */
	RAW(ERR_INVALID, 3, 0, 0, 1, 0, 2, 9);                   /* a property outside of nodes */
	RAW(ERR_INVALID, 1, 0, 1, 0x6e000000, 2, 3, 0, 0, 2, 9); /* or behind a child */
	RAW(ERR_INVALID, 1, 0, 5, 2, 9);                         /* no such token */
}

static enum err init_reserved(uint32_t offset, const uint32_t *entries, uint32_t *count,
			      uint32_t *bytes)
{
	static const uint32_t words[] = {1, 0, 2, 9};
	static struct fdt_node node[4];
	struct raw r = make_raw(words, ARRAY_SIZE(words));
	struct fdt fdt;

	/* Behind everything else, where the blob then ends. */
	r.word[1] = __builtin_bswap32(offset + 32);
	r.word[4] = __builtin_bswap32(offset);
	for (int i = 0; i < 8; i++)
		r.word[offset / 4 + i] = __builtin_bswap32(entries[i]);

	enum err err = fdt_init(&fdt, r.word, sizeof(r.word), node, 4);

	*count = fdt.reserve_count;
	*bytes = fdt.bytes;
	return err;
}

static void test_reservations(void **state)
{
	uint32_t count, bytes;

	assert_int_equal(init_reserved(88, (uint32_t[8]){0, 8, 0, 9}, &count, &bytes), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(bytes, 88 + 32);
	assert_int_equal(init_reserved(88, (uint32_t[8]){0, 0, 0, 9}, &count, &bytes), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(init_reserved(88, (uint32_t[8]){0}, &count, &bytes), ERR_OK);
	assert_int_equal(count, 0);
	assert_int_equal(bytes, 88 + 16);
	assert_int_equal(init_reserved(88, (uint32_t[8]){1, 0, 0, 0, 0, 1, 0, 0}, &count, &bytes),
			 ERR_TRUNCATED);
	assert_int_equal(init_reserved(92, (uint32_t[8]){0}, &count, &bytes), ERR_INVALID);
}

/* What the tree uses does not count the room behind it. */
static void test_padding(void **state)
{
	struct tree *t = *state;
	struct blob padded = dtc("-I dtb -O dtb -p 4096", t->blob.data, t->blob.bytes);
	struct fdt_node node[NODES_MAX];
	struct fdt fdt;

	assert_int_equal(fdt_init(&fdt, padded.data, padded.bytes, node, NODES_MAX), ERR_OK);
	assert_int_equal(padded.bytes, t->blob.bytes + 4096);
	assert_int_equal(fdt.bytes, t->fdt.bytes);
	assert_int_equal(fdt.bytes, t->blob.bytes);
	free(padded.data);
}

static void test_too_deep(void **state)
{
	struct tree *t = *state;

	for (int depth = FDT_MAX_DEPTH; depth <= FDT_MAX_DEPTH + 1; depth++) {
		uint8_t *out = malloc(BLOB_MAX);
		struct fdt_node node[NODES_MAX];
		struct fdtw w;
		struct fdt fdt;
		size_t bytes;

		fdtw_init(&w, &t->fdt, out, BLOB_MAX);
		for (int i = 0; i < depth; i++)
			fdtw_begin(&w, i == 0 ? "" : "n");
		for (int i = 0; i < depth; i++)
			fdtw_end(&w);
		assert_int_equal(fdtw_finish(&w, &bytes), ERR_OK);
		assert_int_equal(fdt_init(&fdt, out, bytes, node, NODES_MAX),
				 depth > FDT_MAX_DEPTH ? ERR_UNSUPPORTED : ERR_OK);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_new_properties),
		cmocka_unit_test(test_many_new_names),
		cmocka_unit_test(test_padding_is_zero),
		cmocka_unit_test(test_writer_errors),
		cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_corrupt_everywhere),
		cmocka_unit_test(test_header_errors),
		cmocka_unit_test(test_structure_errors),
		cmocka_unit_test(test_reservations),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_too_deep),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
