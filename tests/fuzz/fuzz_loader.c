/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include <setjmp.h>

#include "lib/fdtw.h"
#include "lib/fmt.h"
#include "lib/text.h"
#include "loader/cpus.h"
#include "loader/dt.h"
#include "loader/parked.h"
#include "loader/svmdt.h"
#include "loader/uart.h"

/*
 * The device tree of a small machine, changed in the places that the input names, goes the
 * loader's way: read, room found for what Caisson keeps, written anew for the service VM. Either
 * the loader stops with a message, or what it wrote holds what it promises.
 */
#define TREE_BYTES_MAX KIB(8)
#define NODES_MAX      4096
#define IMAGE_BYTES    KIB(160)
#define BLOCK_BYTES    MIB(2)
#define SPI_FIRST      32
#define SPI_END        288 /* of the distributor in mock/arch/aarch64/mmio.h */
#define HEADER_TOTAL   4   /* offset of the blob's size */

/* What mock/arch/aarch64/mmio.h puts there. */
extern uint8_t __start_loader_state[];
extern uint8_t __stop_loader_state[];

void __real_fdtw_init(struct fdtw *w, const struct fdt *source, void *out, size_t bytes_max);
void __wrap_fdtw_init(struct fdtw *w, const struct fdt *source, void *out, size_t bytes_max);

static jmp_buf stopped;
static void *output; /* in place of the machine's memory */
static size_t output_bytes;

void uart_init(const struct boot_uart *port, uint32_t divisor)
{
}

void uart_print(const char *fmt, ...)
{
}

void uart_stop(const char *fmt, ...)
{
	longjmp(stopped, 1);
}

/* Of ACPI's tables only. */
const char *parked_problem(const struct machine *m, uint64_t address)
{
	return "there are no parked CPUs in a device tree";
}

void __wrap_fdtw_init(struct fdtw *w, const struct fdt *source, void *out, size_t bytes_max)
{
	output = malloc(bytes_max);
	output_bytes = bytes_max;
	__real_fdtw_init(w, source, output, bytes_max);
}

/* ---- the tree to start from ---- */

static void put_reg(struct fdtw *w, uint64_t base, uint64_t bytes)
{
	fdtw_prop_cells(w, "reg", 4);
	fdtw_cells(w, base, 2);
	fdtw_cells(w, bytes, 2);
}

static void put_interrupts(struct fdtw *w, uint32_t type, uint32_t first, uint32_t count)
{
	fdtw_prop_cells(w, "interrupts", 3 * count);
	for (uint32_t i = 0; i < count; i++) {
		fdtw_cell(w, type);
		fdtw_cell(w, first + i);
		fdtw_cell(w, 4);
	}
}

static void put_node(struct fdtw *w, const char *name, const char *compatible)
{
	fdtw_begin(w, name);
	fdtw_prop_string(w, "compatible", compatible);
}

static void put_cpus(struct fdtw *w)
{
	fdtw_begin(w, "cpus");
	fdtw_prop_u32(w, "#address-cells", 1);
	fdtw_prop_u32(w, "#size-cells", 0);
	for (uint32_t i = 0; i < 3; i++) {
		fdtw_begin(w, "cpu");
		fdtw_prop_string(w, "device_type", "cpu");
		fdtw_prop_string(w, "enable-method", "psci");
		fdtw_prop_u32(w, "reg", i);
		fdtw_end(w);
	}
	fdtw_end(w);
}

static void put_memory(struct fdtw *w)
{
	fdtw_begin(w, "memory@40000000");
	fdtw_prop_string(w, "device_type", "memory");
	put_reg(w, GIB(1), MIB(512));
	fdtw_end(w);
	fdtw_begin(w, "memory@80000000");
	fdtw_prop_string(w, "device_type", "memory");
	put_reg(w, GIB(2), GIB(1));
	fdtw_end(w);
	fdtw_begin(w, "reserved-memory");
	fdtw_prop_u32(w, "#address-cells", 2);
	fdtw_prop_u32(w, "#size-cells", 2);
	fdtw_prop(w, "ranges", "", 0);
	fdtw_begin(w, "secure");
	put_reg(w, GIB(3) - MIB(1), MIB(1));
	fdtw_prop(w, "no-map", "", 0);
	fdtw_end(w);
	fdtw_end(w);
}

/* Would stop the loader if it took them. */
static void put_disabled(struct fdtw *w)
{
	static const char *const compatible[] = {"arm,gic-v3", "arm,psci-1.0", "arm,armv8-timer"};

	for (uint32_t i = 0; i < ARRAY_SIZE(compatible); i++) {
		put_node(w, "disabled", compatible[i]);
		fdtw_prop_string(w, "status", "disabled");
		fdtw_end(w);
	}
}

static void put_gic(struct fdtw *w)
{
	put_node(w, "intc", "arm,gic-v3");
	fdtw_prop_u32(w, "#interrupt-cells", 3);
	fdtw_prop_u32(w, "phandle", 1);
	fdtw_prop(w, "ranges", "", 0);
	fdtw_prop_cells(w, "reg", 8);
	fdtw_cells(w, MIB(128), 2);
	fdtw_cells(w, KIB(64), 2);
	fdtw_cells(w, MIB(129), 2);
	fdtw_cells(w, KIB(384), 2);
	put_interrupts(w, 1, 9, 1);
	fdtw_prop_u32(w, "redistributor-stride", KIB(128));
	put_node(w, "its", "arm,gic-v3-its");
	put_reg(w, MIB(130), KIB(128));
	fdtw_end(w);
	fdtw_end(w);
}

/* Distributor, CPU interface, virtual interface control, virtual CPU interface. */
static void put_gic_v2(struct fdtw *w)
{
	put_node(w, "intc", "arm,gic-400");
	fdtw_prop_u32(w, "#interrupt-cells", 3);
	fdtw_prop_u32(w, "phandle", 1);
	fdtw_prop_cells(w, "reg", 16);
	for (uint32_t i = 0; i < 4; i++) {
		fdtw_cells(w, MIB(128) + i * KIB(128), 2);
		fdtw_cells(w, i & 1 ? KIB(128) : KIB(4), 2);
	}
	put_interrupts(w, 1, 9, 1);
	fdtw_end(w);
}

static void put_devices(struct fdtw *w)
{
	put_node(w, "psci", "arm,psci-1.0");
	fdtw_prop_string(w, "method", "smc");
	fdtw_end(w);
	put_node(w, "timer", "arm,armv8-timer");
	put_interrupts(w, 1, 10, 4);
	fdtw_end(w);
	fdtw_begin(w, "bus");
	fdtw_prop_cells(w, "ranges", 6);
	fdtw_cells(w, 0, 2);
	fdtw_cells(w, MIB(144), 2);
	fdtw_cells(w, MIB(16), 2);
	fdtw_prop_u32(w, "#address-cells", 2);
	fdtw_prop_u32(w, "#size-cells", 2);
	put_node(w, "uart", "arm,pl011");
	put_reg(w, 0, KIB(4));
	put_interrupts(w, 0, 1, 1);
	fdtw_end(w);
	/* Two that share a page. */
	put_node(w, "dw", "snps,dw-apb-uart");
	put_reg(w, MIB(1), 256);
	put_interrupts(w, 0, 2, 1);
	fdtw_prop_u32(w, "reg-shift", 2);
	fdtw_prop_u32(w, "reg-io-width", 4);
	fdtw_prop_u32(w, "clocks", 2);
	fdtw_end(w);
	put_node(w, "ns", "ns16550a");
	put_reg(w, MIB(1) + 256, 8);
	put_interrupts(w, 0, 3, 1);
	fdtw_prop_string(w, "status", "okay");
	fdtw_end(w);
	put_node(w, "clock", "fixed-clock");
	fdtw_prop_u32(w, "phandle", 2);
	fdtw_prop_u32(w, "clock-frequency", 1843200);
	fdtw_end(w);
	fdtw_end(w);
	put_node(w, "pcie", "pci-host-ecam-generic");
	fdtw_prop_u32(w, "#address-cells", 3);
	fdtw_prop_u32(w, "#size-cells", 2);
	fdtw_prop_u32(w, "msi-map", 1);
	/* All of the pages that are looked at together, and one after them. */
	fdtw_prop_cells(w, "reg", 8);
	fdtw_cells(w, MIB(144) + KIB(4), 2);
	fdtw_cells(w, KIB(256), 2);
	fdtw_cells(w, MIB(144) + KIB(260), 2);
	fdtw_cells(w, KIB(1), 2);
	fdtw_prop_cells(w, "ranges", 7);
	fdtw_cells(w, BIT(25), 1);
	fdtw_cells(w, MIB(256), 2);
	fdtw_cells(w, MIB(256), 2);
	fdtw_cells(w, MIB(256), 2);
	fdtw_prop_cells(w, "interrupt-map", 8);
	for (uint32_t i = 0; i < 4; i++)
		fdtw_cell(w, 0);
	fdtw_cell(w, 1);
	fdtw_cells(w, 0, 1);
	fdtw_cell(w, SPI_END - SPI_FIRST - 1);
	fdtw_cell(w, 4);
	fdtw_end(w);
}

/* What console= the tree is given. */
static const char *const cmdlines[] = {
	"",
	"console=none",
	"console=/bus/dw,115200 console2=serial0",
	"console2=/bus/ns",
	"console=/bus/ns,9600n8 console2=/bus/dw",
	"console=16550,0x9100100,irq=37",
	"console=pl011,0x9100000,irq=33 console2=dw,0x20000000,shift=0,width=1",
	"console=pl011,0x40000000 console2=16550,0x8000000,shift=2,width=2,fifo=1,clock=1843200",
};

static size_t make_tree(uint8_t *tree, const char *cmdline, bool has_gic_v2)
{
	static const _Alignas(8) uint8_t no_reservations[16];
	const struct fdt none = {.blob = no_reservations, .strings = ""};
	char name[16];
	struct fdtw w;
	size_t bytes;

	__real_fdtw_init(&w, &none, tree, TREE_BYTES_MAX);
	fdtw_begin(&w, "");
	fdtw_prop_u32(&w, "#address-cells", 2);
	fdtw_prop_u32(&w, "#size-cells", 2);
	fdtw_begin(&w, "aliases");
	fdtw_prop_string(&w, "serial0", "/bus/uart");
	for (uint32_t i = 1; i < 16; i++) {
		fmt_snprintf(name, sizeof(name), "serial%u", i);
		fdtw_prop_string(&w, name, "/other");
	}
	fdtw_end(&w);
	fdtw_begin(&w, "chosen");
	fdtw_prop_string(&w, "stdout-path", "serial0:115200");
	fdtw_prop_string(&w, "bootargs", cmdline);
	put_node(&w, "module", "multiboot,module");
	fdtw_end(&w);
	fdtw_end(&w);
	put_cpus(&w);
	put_memory(&w);
	put_disabled(&w);
	if (has_gic_v2)
		put_gic_v2(&w);
	else
		put_gic(&w);
	put_devices(&w);
	fdtw_end(&w);
	FUZZ_CHECK(fdtw_finish(&w, &bytes) == ERR_OK);
	return bytes;
}

/* ---- changes to it ---- */

static void put_cell(uint8_t *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, sizeof(value));
}

static void change(uint8_t *tree, size_t bytes, struct fuzz_input *in)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 4, 9, 0xff, 0x1000, 0x40000000, 0x7fffffff, 0x80000000, 0xfffff000, ~0u,
	};
	uint64_t op = fuzz_take(in, 1);
	size_t offset = fuzz_take(in, 2) % bytes;
	size_t cell = bits_align_down(fuzz_take(in, 2) % bytes, 4);

	switch (op % 4) {
	case 0:
		tree[offset] = fuzz_take(in, 1);
		break;
	case 1:
		put_cell(tree + bits_align_down(offset, 4), fuzz_take(in, 4));
		break;
	case 2:
		put_cell(tree + bits_align_down(offset, 4),
			 values[fuzz_take(in, 1) % ARRAY_SIZE(values)]);
		break;
	default:
		memmove(tree + bits_align_down(offset, 4), tree + cell, 4);
	}
}

/* ---- what is promised ---- */

static void check_memory_node(const struct machine *m, const struct fdt *fdt, uint32_t node)
{
	const struct boot_region *kept = &m->info.kept;
	struct fdt_region r;

	for (uint32_t i = 0; fdt_reg(fdt, node, i, &r) == ERR_OK; i++)
		FUZZ_CHECK(!bits_overlap(r.base, r.bytes, kept->base, kept->bytes));
}

/* What is in a port's page is the console's stand-in, or disabled, or not small. */
static void check_ports(const struct machine *m, const struct fdt *fdt)
{
	struct fdt_region r;

	for (uint32_t n = 0; n < fdt->node_count; n++) {
		for (uint32_t i = 0; fdt_reg(fdt, n, i, &r) == ERR_OK; i++) {
			for (uint32_t k = 0; k < BOOT_MAX_UARTS; k++) {
				const struct boot_region *port = &m->info.uart[k].region;

				FUZZ_CHECK(
					r.bytes == 0 || !fdt_is_okay(fdt, n) ||
					r.base == m->info.svm_console ||
					!bits_contains(port->base, port->bytes, r.base, r.bytes));
			}
		}
	}
}

/*
 * stdout-path is an enabled UART at the console's address. In a tree with changed names another
 * node may have the same path.
 */
static void check_stdout(const struct machine *m, const struct fdt *fdt, uint32_t chosen)
{
	struct fdt_region r;
	struct fdt_prop prop;
	const char *path;
	uint32_t node;

	FUZZ_CHECK(fdt_prop(fdt, chosen, "stdout-path", &prop));
	path = fdt_prop_string(&prop, 0);
	FUZZ_CHECK(path != NULL);
	node = fdt_path(fdt, path, strlen(path));
	FUZZ_CHECK(node != FDT_NONE && fdt_is_okay(fdt, node));
	FUZZ_CHECK(fdt_reg(fdt, node, 0, &r) == ERR_OK && r.base == m->info.svm_console);
}

static void check_written(const struct machine *m, bool unchanged)
{
	static struct fdt_node node[NODES_MAX];
	struct fdt fdt;
	struct fdt_prop prop;
	uint64_t number;

	FUZZ_CHECK(fdt_init(&fdt, output, output_bytes, node, NODES_MAX) == ERR_OK);
	FUZZ_CHECK(fdt_child(&fdt, FDT_ROOT, "caisson") != FDT_NONE);

	uint32_t chosen = fdt_child(&fdt, FDT_ROOT, "chosen");

	FUZZ_CHECK(chosen != FDT_NONE);
	FUZZ_CHECK(fdt_prop(&fdt, chosen, "bootargs", &prop) &&
		   prop.bytes == m->bootargs_bytes + 1);
	FUZZ_CHECK(fdt_prop_number(&fdt, chosen, "linux,initrd-start", &number) &&
		   number == m->initrd.base);
	check_ports(m, &fdt);
	if (unchanged)
		check_stdout(m, &fdt, chosen);
	for (uint32_t n = fdt_child_first(&fdt, FDT_ROOT); n != FDT_NONE;
	     n = fdt_child_next(&fdt, n)) {
		const char *type = NULL;

		if (fdt_prop(&fdt, n, "device_type", &prop))
			type = fdt_prop_string(&prop, 0);
		if (type != NULL && text_is(type, "memory") && fdt_is_okay(&fdt, n))
			check_memory_node(m, &fdt, n);
	}
	FUZZ_CHECK(fdt_compatible(&fdt, 0, "arm,gic-v3-its") == FDT_NONE);
}

static bool overlaps_ram(const struct bootinfo *info, uint64_t base, uint64_t bytes)
{
	for (uint32_t i = 0; i < info->ram_count; i++) {
		if (bits_overlap(info->ram[i].base, info->ram[i].bytes, base, bytes))
			return true;
	}
	return false;
}

/* The event line's page is nobody else's, and what is not to be mapped is no RAM. */
static void check_regions(const struct machine *m)
{
	const struct fdt *fdt = &m->fdt;
	const struct bootinfo *info = &m->info;
	uint32_t reserved = fdt_child(fdt, FDT_ROOT, "reserved-memory");
	struct fdt_region r;
	struct fdt_prop prop;

	for (uint32_t n = 0; n < fdt->node_count; n++) {
		for (uint32_t i = 0; fdt_reg(fdt, n, i, &r) == ERR_OK; i++) {
			FUZZ_CHECK(!bits_overlap(r.base, r.bytes, info->svm_event_line, KIB(4)));
			if (reserved != FDT_NONE && fdt->node[n].parent == reserved &&
			    fdt_prop(fdt, n, "no-map", &prop))
				FUZZ_CHECK(!overlaps_ram(info, r.base, r.bytes));
		}
	}
	FUZZ_CHECK(!overlaps_ram(info, info->svm_event_line, KIB(4)));
}

static bool is_ppi(uint32_t intid)
{
	return intid >= 16 && intid < SPI_FIRST;
}

/* All of its pages are the hypervisor's alone. */
static bool is_hidden(const struct bootinfo *info, const struct boot_region *r)
{
	return layout_in(info->hidden, info->hidden_count, r->base, r->bytes);
}

static void check_gic(const struct bootinfo *info)
{
	if (info->gic_version == 2) {
		FUZZ_CHECK(info->gicd.bytes >= KIB(4) && info->gich.bytes >= KIB(4));
		FUZZ_CHECK(info->gicc_second == KIB(4) || info->gicc_second == KIB(64));
		FUZZ_CHECK(info->gicc.bytes >= info->gicc_second + KIB(4) &&
			   info->gicv.bytes >= info->gicc_second + KIB(4));
		FUZZ_CHECK(is_hidden(info, &info->gich) && is_hidden(info, &info->gicc));
	} else {
		FUZZ_CHECK(info->gicd.bytes >= KIB(64) && info->gicr_count != 0);
	}
	for (uint32_t i = 0; i < info->gicr_count; i++)
		FUZZ_CHECK(info->gicr[i].bytes >= KIB(128));
	FUZZ_CHECK(info->gicr_stride == 0 ||
		   (info->gicr_stride >= KIB(128) && __builtin_popcount(info->gicr_stride) == 1));
	FUZZ_CHECK(is_ppi(info->gic_maintenance_intid) && is_ppi(info->timer_phys_intid) &&
		   is_ppi(info->timer_virt_intid) && is_ppi(info->timer_hyp_intid));
}

static void check_info(const struct machine *m)
{
	const struct bootinfo *info = &m->info;
	const struct boot_region *kept = &info->kept;

	FUZZ_CHECK(layout_in(info->ram, info->ram_count, kept->base, kept->bytes));
	FUZZ_CHECK(layout_in(info->ram, info->ram_count, info->svm_dtb, output_bytes));
	FUZZ_CHECK(!bits_overlap(info->svm_dtb, output_bytes, kept->base, kept->bytes));
	FUZZ_CHECK(layout_in(info->hidden, info->hidden_count, info->svm_event_line, KIB(4)));
	FUZZ_CHECK(layout_in(info->hidden, info->hidden_count, info->svm_console, KIB(4)));
	FUZZ_CHECK(info->svm_console != info->svm_event_line);
	FUZZ_CHECK(info->svm_console_intid >= SPI_FIRST &&
		   info->svm_console_intid != info->svm_event_line_intid);
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++) {
		const struct boot_uart *port = &info->uart[i];

		if (port->kind == BOOT_UART_NONE)
			continue;
		FUZZ_CHECK(layout_in(info->hidden, info->hidden_count, port->region.base,
				     port->region.bytes));
		FUZZ_CHECK(!overlaps_ram(info, port->region.base, port->region.bytes));
		FUZZ_CHECK(port->intid == 0 || port->intid >= SPI_FIRST);
	}
	for (uint32_t i = 0; i + 1 < info->hidden_count; i++)
		FUZZ_CHECK(info->hidden[i].base + info->hidden[i].bytes < info->hidden[i + 1].base);
	check_regions(m);
	check_gic(info);
	FUZZ_CHECK(info->svm_event_line_intid >= SPI_FIRST && info->svm_event_line_intid < SPI_END);
	FUZZ_CHECK(info->cpu_count >= 1 && info->cpu_count <= BOOT_MAX_CPUS);
	FUZZ_CHECK(!overlaps_ram(info, info->power.base, info->power.bytes));
}

/* ---- the loader's way ---- */

/* As in loader/main.c; false: this machine has no room. */
static bool place_kept(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t base;

	m->kept = layout_kept(IMAGE_BYTES, m->ram_bytes, info->cpu_count, 0);
	if (layout_highest(info->ram, info->ram_count, &m->busy, m->kept.bytes, BLOCK_BYTES,
			   HYP_IMAGE_VA, &base) != ERR_OK)
		return false;
	info->kept = (struct boot_region){base, m->kept.bytes};
	return layout_busy_add(&m->busy, base, m->kept.bytes, "kept") == ERR_OK;
}

/* Between the variables lie guards of the address sanitizer's. */
__attribute__((no_sanitize("address"))) static void clear_state(void)
{
	for (volatile uint8_t *p = __start_loader_state; p != __stop_loader_state; p++)
		*p = 0;
}

/* False: it stopped. */
static bool load(const uint8_t *tree, bool unchanged)
{
	static const char bootargs[] = "console=ttyAMA0";
	static const struct firmware firmware_none; /* the Linux boot protocol */
	static struct machine m;

	m = (struct machine){.firmware = &firmware_none};
	clear_state();
	if (setjmp(stopped) != 0)
		return false;
	dt_open(&m, (uint64_t)tree);
	dt_read(&m, 0);
	dt_read_devices(&m);
	cpus_choose(&m);
	/* payload.c stops without it, and finds these. */
	if (m.chosen == FDT_NONE || !place_kept(&m))
		return false;
	m.bootargs = bootargs;
	m.bootargs_bytes = sizeof(bootargs) - 1;
	m.initrd = (struct boot_region){GIB(1), MIB(1)};
	svmdt_write(&m);
	check_written(&m, unchanged);
	check_info(&m);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static _Alignas(8) uint8_t tree[TREE_BYTES_MAX];
	struct fuzz_input in = {data, bytes};
	uint32_t kind = fuzz_take(&in, 1);
	const char *cmdline = cmdlines[kind % ARRAY_SIZE(cmdlines)];
	size_t tree_bytes = make_tree(tree, cmdline, kind / ARRAY_SIZE(cmdlines) % 2 != 0);
	bool unchanged = in.bytes == 0;
	uint8_t *exact;

	while (in.bytes != 0)
		change(tree, tree_bytes, &in);
	put_cell(tree + HEADER_TOTAL, tree_bytes);
	/* In memory of its own size, so that a step behind its end is seen. */
	exact = malloc(tree_bytes);
	memcpy(exact, tree, tree_bytes);
	/* Nothing stops the tree as it is. */
	FUZZ_CHECK(load(exact, unchanged) || !unchanged);
	free(exact);
	free(output);
	output = NULL;
	return 0;
}
