/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/console.h"

#include "lib/cmdline.h"
#include "lib/consolearg.h"
#include "lib/efimap.h"
#include "lib/text.h"
#include "lib/uart16550.h"
#include "loader/dtgic.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)

#define FIFO_BYTES_MAX 255
#define SHIFT_MAX      4

/* Compatible strings that stand for a UART the hypervisor drives. */
static const struct kind {
	const char *compatible;
	uint8_t kind;
	uint8_t shift, width, fifo_bytes; /* unless the node says otherwise */
} kinds[] = {
	{"arm,pl011", BOOT_UART_PL011, 2, 4, UART_FIFO_BYTES},
	{"arm,sbsa-uart", BOOT_UART_SBSA, 2, 4, UART_FIFO_BYTES},
	{"snps,dw-apb-uart", BOOT_UART_DW, 0, 1, UART_FIFO_BYTES},
	{"ns16550a", BOOT_UART_16550, 0, 1, UART_FIFO_BYTES},
	{"ns16550", BOOT_UART_16550, 0, 1, UART_FIFO_BYTES},
	{"ns16450", BOOT_UART_16550, 0, 1, UART_FIFO_BYTES},
	{"ns8250", BOOT_UART_16550, 0, 1, UART_FIFO_BYTES},
	{"nvidia,tegra20-uart", BOOT_UART_16550, 2, 1, UART_FIFO_BYTES},
	{"brcm,bcm2835-aux-uart", BOOT_UART_16550, 2, 4, 8},
	{"cdns,uart-r1p12", BOOT_UART_CDNS, 2, 4, UART_FIFO_BYTES},
};

/* A port that was chosen, and from where. */
struct choice {
	struct uart_desc uart;
	uint32_t node; /* FDT_NONE: there is none, or it is not known */
};

static bool is_16550(uint8_t kind)
{
	return kind == BOOT_UART_16550 || kind == BOOT_UART_DW;
}

/* NULL: no UART that is known. */
static const struct kind *kind_of(const struct machine *m, uint32_t node)
{
	struct fdt_prop prop;
	const char *text;

	if (!fdt_prop_compatible(&m->fdt, node, &prop))
		return NULL;
	for (text = fdt_prop_string(&prop, 0); text != NULL;
	     text = fdt_prop_string_next(&prop, text)) {
		for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (text_is(text, kinds[i].compatible))
				return &kinds[i];
		}
	}
	return NULL;
}

/* The node's own clock-frequency, or that of the fixed clock which its first clock is; 0. */
static uint32_t clock_of(const struct machine *m, uint32_t node)
{
	struct fdt_prop prop;
	uint64_t phandle;
	uint64_t hz = 0;

	if (!fdt_prop_number(&m->fdt, node, "clock-frequency", &hz) &&
	    fdt_prop(&m->fdt, node, "clocks", &prop) && prop.bytes >= 4) {
		for (uint32_t i = 0; i < m->fdt.node_count; i++) {
			if (fdt_is_compatible(&m->fdt, i, "fixed-clock") &&
			    fdt_prop_number(&m->fdt, i, "phandle", &phandle) &&
			    phandle == fdt_prop_cell(&prop, 0) &&
			    fdt_prop_number(&m->fdt, i, "clock-frequency", &hz))
				break;
		}
	}
	return hz <= UINT32_MAX ? (uint32_t)hz : 0;
}

/* What a node says of its registers. */
static const char *read_spacing(const struct machine *m, uint32_t node, struct uart_desc *uart)
{
	const struct fdt *fdt = &m->fdt;
	struct fdt_prop prop;
	uint64_t shift = uart->shift;
	uint64_t width = uart->width;
	uint64_t fifo = uart->fifo_bytes;

	(void)fdt_prop_number(fdt, node, "reg-shift", &shift);
	(void)fdt_prop_number(fdt, node, "reg-io-width", &width);
	(void)fdt_prop_number(fdt, node, "fifo-size", &fifo);
	if (shift > SHIFT_MAX || (width != 1 && width != 2 && width != 4) ||
	    UINT64_C(1) << shift < width)
		return "its reg-shift and reg-io-width make no sense";
	if (fdt_prop(fdt, node, "big-endian", &prop))
		return "its registers are big-endian";
	uart->shift = (uint8_t)shift;
	uart->width = (uint8_t)width;
	if (fifo >= 1 && fifo <= FIFO_BYTES_MAX)
		uart->fifo_bytes = (uint8_t)fifo;
	return NULL;
}

/* NULL, or why it cannot be used. */
static const char *read_node(const struct machine *m, uint32_t node, struct choice *choice)
{
	const struct kind *kind = kind_of(m, node);
	struct uart_desc *uart = &choice->uart;
	struct fdt_region reg;
	uint64_t offset = 0;

	if (kind == NULL)
		return "it is neither a PL011 nor of the 16550 family nor Cadence's";
	if (fdt_reg(&m->fdt, node, 0, &reg) != ERR_OK)
		return "it has no address";
	*choice = (struct choice){.node = node};
	*uart = (struct uart_desc){.base = reg.base,
				   .kind = kind->kind,
				   .shift = kind->shift,
				   .width = kind->width,
				   .fifo_bytes = kind->fifo_bytes};
	uart->clock_hz = clock_of(m, node);
	if (!is_16550(kind->kind))
		return NULL;
	if (fdt_prop_number(&m->fdt, node, "reg-offset", &offset) && offset < reg.bytes)
		uart->base += offset;
	return read_spacing(m, node, uart);
}

/* Does one of a node's regions share a byte with the port's pages? */
static bool has_reg_in(const struct machine *m, uint32_t node, const struct boot_region *r)
{
	struct fdt_region reg;

	for (uint32_t i = 0; fdt_reg(&m->fdt, node, i, &reg) == ERR_OK; i++) {
		if (bits_overlap(reg.base, reg.bytes, r->base, r->bytes))
			return true;
	}
	return false;
}

static bool is_memory_or_gic(const struct machine *m, const struct boot_region *r)
{
	struct fdt_prop type;

	for (uint32_t n = fdt_child_first(&m->fdt, FDT_ROOT); n != FDT_NONE;
	     n = fdt_child_next(&m->fdt, n)) {
		if (fdt_prop(&m->fdt, n, "device_type", &type) &&
		    fdt_prop_string(&type, 0) != NULL &&
		    text_is(fdt_prop_string(&type, 0), "memory") && has_reg_in(m, n, r))
			return true;
	}
	return m->gic_node != FDT_NONE && has_reg_in(m, m->gic_node, r);
}

/* Without a device tree it is not known yet where the GIC is. */
static bool is_used(const struct machine *m, const struct boot_region *r)
{
	const struct firmware *f = m->firmware;

	if (m->acpi.used &&
	    efimap_is_memory((const void *)f->map, f->map_bytes, f->map_stride, r->base, r->bytes))
		return true;
	return is_memory_or_gic(m, r);
}

/* NULL, or why there can be no port. */
static const char *make_port(const struct machine *m, const struct uart_desc *uart,
			     struct boot_uart *port)
{
	uint64_t last = (uint64_t)(uart->kind == BOOT_UART_DW ? UART16550_USR : UART16550_MSR)
			<< uart->shift;
	uint64_t bytes = is_16550(uart->kind) ? last + uart->width : PAGE_BYTES;
	struct boot_region *r = &port->region;

	*port = (struct boot_uart){.kind = uart->kind,
				   .base = uart->base,
				   .intid = uart->intid,
				   .shift = uart->shift,
				   .width = uart->width,
				   .fifo_bytes = uart->fifo_bytes};
	if (uart->base >= HYP_IMAGE_VA || uart->base + bytes > HYP_IMAGE_VA)
		return "its address is beyond what Caisson maps";
	if (!bits_is_aligned(uart->base, uart->width))
		return "its address is no multiple of its registers' width";
	r->base = bits_align_down(uart->base, PAGE_BYTES);
	r->bytes = bits_align_up(uart->base + bytes, PAGE_BYTES) - r->base;
	return is_used(m, r) ? "there is memory or the GIC at its address" : NULL;
}

/* The node of a port that was given by its address; FDT_NONE. */
static uint32_t node_at(const struct machine *m, uint64_t base)
{
	struct choice choice;

	for (uint32_t i = 0; i < m->fdt.node_count; i++) {
		if (read_node(m, i, &choice) == NULL && choice.uart.base == base)
			return i;
	}
	return FDT_NONE;
}

/* What console= names. NULL, or what is wrong with it. */
static const char *read_argument(const struct machine *m, const char *text, size_t bytes,
				 struct choice *choice)
{
	struct choice known = {.node = FDT_NONE};
	struct consolearg arg;
	const char *why;

	*choice = known;
	if (consolearg_parse(text, bytes, &arg, &why) != ERR_OK)
		return why;
	if (arg.what == CONSOLEARG_NONE)
		return NULL;
	known.node = arg.what == CONSOLEARG_NODE ? fdt_path(&m->fdt, arg.node, arg.node_bytes)
						 : node_at(m, arg.uart.base);
	if (arg.what == CONSOLEARG_NODE && m->acpi.used)
		return "there is no device tree here: give the port's kind and address";
	if (arg.what == CONSOLEARG_NODE && known.node == FDT_NONE)
		return "the device tree has no such path or alias";
	if (m->acpi.used && m->acpi.spcr.kind != BOOT_UART_NONE &&
	    m->acpi.spcr.base == arg.uart.base)
		known.uart = m->acpi.spcr;
	why = known.node != FDT_NONE ? read_node(m, known.node, &known) : NULL;
	if (arg.what == CONSOLEARG_NODE && why != NULL)
		return why;
	*choice = known;
	if (arg.what == CONSOLEARG_ADDRESS)
		choice->uart = arg.uart;
	choice->uart.baud = arg.uart.baud;
	choice->uart.clock_hz = arg.uart.clock_hz != 0 ? arg.uart.clock_hz : known.uart.clock_hz;
	choice->uart.intid = arg.uart.intid != 0 ? arg.uart.intid : known.uart.intid;
	return NULL;
}

static uint32_t stdout_node(const struct machine *m)
{
	struct fdt_prop prop;
	const char *path;
	size_t length = 0;

	if (m->chosen == FDT_NONE || !fdt_prop(&m->fdt, m->chosen, "stdout-path", &prop))
		return FDT_NONE;
	path = (const char *)prop.data;
	while (length < prop.bytes && path[length] != '\0' && path[length] != ':')
		length++;
	return fdt_path(&m->fdt, path, length);
}

/* Can it be a port? Then it is filled in. */
static bool try_node(const struct machine *m, uint32_t node, struct choice *choice,
		     struct boot_uart *port)
{
	return node != FDT_NONE && read_node(m, node, choice) == NULL &&
	       make_port(m, &choice->uart, port) == NULL;
}

/* What firmware means, or else the first that there is. */
static void choose_default(const struct machine *m, struct choice *choice, struct boot_uart *port)
{
	*choice = (struct choice){.uart = m->acpi.spcr, .node = FDT_NONE};
	if (m->acpi.spcr.kind != BOOT_UART_NONE && make_port(m, &m->acpi.spcr, port) == NULL)
		return;
	if (try_node(m, stdout_node(m), choice, port) || try_node(m, m->pl011_node, choice, port))
		return;
	for (uint32_t i = 0; i < m->fdt.node_count; i++) {
		if (fdt_is_okay(&m->fdt, i) && try_node(m, i, choice, port))
			return;
	}
	*choice = (struct choice){.node = FDT_NONE};
	*port = (struct boot_uart){.kind = BOOT_UART_NONE};
}

static uint32_t divisor_of(const struct uart_desc *uart)
{
	if (uart->baud == 0 || uart->kind == BOOT_UART_SBSA || uart->kind == BOOT_UART_CDNS)
		return 0;
	return uart->kind == BOOT_UART_PL011 ? uart_divisor_pl011(uart->clock_hz, uart->baud)
					     : uart_divisor_16550(uart->clock_hz, uart->baud);
}

static void use(struct machine *m, uint32_t i, const struct choice *choice,
		const struct boot_uart *port)
{
	m->info.uart[i] = *port;
	m->uart_node[i] = choice->node;
	uart_init(port, divisor_of(&choice->uart));
	if (choice->uart.baud != 0 && divisor_of(&choice->uart) == 0)
		uart_print("caisson: the port's speed stays as it is: %s\n",
			   choice->uart.kind == BOOT_UART_SBSA   ? "an SBSA UART has just one"
			   : choice->uart.kind == BOOT_UART_CDNS ? "a Cadence UART keeps firmware's"
			   : choice->uart.clock_hz == 0
				   ? "its clock is not known (clock=HZ tells it)"
				   : "its clock does not give this one");
}

static void complain(const char *name, const char *value, size_t bytes, const char *why)
{
	uart_print("caisson: %s=%.*s is ignored: %s\n", name, (int)bytes, value, why);
}

/* What console= asks for; kind BOOT_UART_NONE: none. NULL, or why it cannot be had. */
static const char *choose(const struct machine *m, const char *value, size_t bytes,
			  struct choice *choice, struct boot_uart *port)
{
	const char *why = read_argument(m, value, bytes, choice);

	*port = (struct boot_uart){.kind = BOOT_UART_NONE};
	if (why == NULL && choice->uart.kind != BOOT_UART_NONE)
		why = make_port(m, &choice->uart, port);
	return why;
}

/*
 * The first port. Where another one than firmware's is asked for, firmware's tells so, as someone
 * may be looking at it.
 */
static void open_first(struct machine *m)
{
	struct choice choice;
	struct choice asked;
	struct boot_uart port;
	struct boot_uart other;
	const char *why;
	size_t bytes;
	const char *value = cmdline_get(m->info.cmdline, "console", &bytes);

	choose_default(m, &choice, &port);
	if (value == NULL) {
		use(m, 0, &choice, &port);
		return;
	}
	why = choose(m, value, bytes, &asked, &other);
	if (why != NULL) {
		use(m, 0, &choice, &port);
		complain("console", value, bytes, why);
		return;
	}
	if (other.kind == BOOT_UART_NONE || other.base != port.base) {
		uart_init(&port, 0);
		uart_print("caisson: the console is elsewhere: console=%.*s\n", (int)bytes, value);
	}
	use(m, 0, &asked, &other);
}

static void open_second(struct machine *m)
{
	struct bootinfo *info = &m->info;
	struct choice choice;
	struct boot_uart port;
	const char *why;
	size_t bytes;
	const char *value = cmdline_get(info->cmdline, "console2", &bytes);

	m->uart_node[1] = FDT_NONE;
	if (value == NULL)
		return;
	why = choose(m, value, bytes, &choice, &port);
	if (why == NULL && port.kind != BOOT_UART_NONE && info->uart[0].kind != BOOT_UART_NONE &&
	    port.base == info->uart[0].base)
		why = "it is the first console";
	if (why != NULL) {
		complain("console2", value, bytes, why);
	} else if (port.kind != BOOT_UART_NONE && info->uart[0].kind == BOOT_UART_NONE) {
		use(m, 0, &choice, &port);
	} else if (port.kind != BOOT_UART_NONE) {
		use(m, 1, &choice, &port);
		uart_print("caisson: the second console\n");
		uart_init(&info->uart[0], 0);
	}
}

static void take_cmdline(struct machine *m, bool *cut_off)
{
	struct fdt_prop prop;
	const char *text = NULL;
	size_t i = 0;

	if (m->firmware->uefi)
		text = m->firmware->cmdline;
	else if (m->chosen != FDT_NONE && fdt_prop(&m->fdt, m->chosen, "bootargs", &prop))
		text = fdt_prop_string(&prop, 0);
	for (; text != NULL && text[i] != '\0' && i < BOOT_CMDLINE_BYTES - 1; i++)
		m->info.cmdline[i] = text[i];
	*cut_off = text != NULL && text[i] != '\0';
}

void console_open(struct machine *m)
{
	bool cut_off = false;

	take_cmdline(m, &cut_off);
	open_first(m);
	open_second(m);
	if (cut_off)
		uart_print("caisson: warning: Caisson's command line is cut off after %d bytes\n",
			   BOOT_CMDLINE_BYTES - 1);
}

/*
 * A node of the tree that stands for something a picture can be seen on, or that makes one for it.
 * A GPU alone does neither, and what sits on PCI is not in the tree.
 */
static bool is_display(const struct machine *m, uint32_t node)
{
	static const char *const names[] = {"display", "hdmi", "lcd-controller", "panel", "vga"};
	struct fdt_prop prop;
	const char *type = NULL;

	if (fdt_prop(&m->fdt, node, "device_type", &prop))
		type = fdt_prop_string(&prop, 0);
	if (type != NULL && text_is(type, "display"))
		return true;
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (fdt_name_is(&m->fdt, node, names[i]))
			return true;
	}
	return fdt_is_compatible(&m->fdt, node, "simple-framebuffer");
}

void console_finish(struct machine *m)
{
	static const char *const names[] = {
		[BOOT_UART_PL011] = "PL011",       [BOOT_UART_SBSA] = "SBSA UART",
		[BOOT_UART_16550] = "16550",       [BOOT_UART_DW] = "DesignWare UART",
		[BOOT_UART_CDNS] = "Cadence UART",
	};

	m->info.headless = !m->acpi.used || m->acpi.fadt.headless;
	for (uint32_t i = 0; i < m->fdt.node_count && m->info.headless; i++)
		m->info.headless = !(is_display(m, i) && fdt_is_okay(&m->fdt, i));
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++) {
		struct boot_uart *port = &m->info.uart[i];

		if (port->kind == BOOT_UART_NONE)
			continue;
		if (port->intid == 0 && m->uart_node[i] != FDT_NONE)
			port->intid = dtgic_spi(m, m->uart_node[i]);
		uart_print("  console %u: %s at %#llx, interrupt %u\n", i + 1, names[port->kind],
			   (unsigned long long)port->base, port->intid);
	}
}
