// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/guestdt.h"

#include "lib/cfiflash.h"
#include "lib/fdtw.h"
#include "lib/fmt.h"
#include "lib/fwcfg.h"
#include "vmm/machine.h"

#define PHANDLE_GIC   1
#define PHANDLE_CLOCK 2
#define PHANDLE_GPIO  3

/* Interrupt specifiers of a GIC (Linux bindings, arm,gic-v3; arm,gic has CPUs, too, of a PPI). */
#define GIC_SPI        0
#define GIC_PPI        1
#define GIC_LEVEL_HIGH 4
#define GIC2_PPI_CPUS  8 /* where their mask is */

#define UART_NAME "pl011@9000000"

#define KEY_POWER            116 /* linux/input-event-codes.h */
#define GPIO_ACTIVE_HIGH     0
#define FDT_TOTALSIZE_OFFSET 4 /* in the header; big-endian (Devicetree Specification 5.2) */
#define FLASH_BANK_WIDTH     4

/* The writer copies from another tree; this one has nothing in it. */
static const uint8_t no_reservation[16] __attribute__((aligned(8)));
static const struct fdt empty_tree = {
	.blob = no_reservation, .structs = no_reservation, .strings = ""};

static void write_reg(struct fdtw *w, uint64_t base, uint64_t bytes)
{
	fdtw_cells(w, base, 2);
	fdtw_cells(w, bytes, 2);
}

static void write_spi(struct fdtw *w, uint32_t number)
{
	fdtw_cell(w, GIC_SPI);
	fdtw_cell(w, number);
	fdtw_cell(w, GIC_LEVEL_HIGH);
}

static void write_chosen(struct fdtw *w, const struct guestdt_config *config)
{
	fdtw_begin(w, "chosen");
	fdtw_prop_string(w, "stdout-path", "/" UART_NAME);
	if (config->bootargs != NULL)
		fdtw_prop_string(w, "bootargs", config->bootargs);
	if (config->initrd_bytes != 0) {
		fdtw_prop_u64(w, "linux,initrd-start", config->initrd);
		fdtw_prop_u64(w, "linux,initrd-end", config->initrd + config->initrd_bytes);
	}
	fdtw_prop(w, "rng-seed", config->seed, sizeof(config->seed));
	fdtw_end(w);
}

static void write_cpus(struct fdtw *w, uint32_t cpus)
{
	char name[24];

	fdtw_begin(w, "cpus");
	fdtw_prop_u32(w, "#address-cells", 1);
	fdtw_prop_u32(w, "#size-cells", 0);
	for (uint32_t i = 0; i < cpus; i++) {
		uint32_t mpidr = guestdt_mpidr(i);

		fmt_snprintf(name, sizeof(name), "cpu@%x", mpidr);
		fdtw_begin(w, name);
		fdtw_prop_string(w, "device_type", "cpu");
		fdtw_prop_string(w, "compatible", "arm,armv8");
		fdtw_prop_u32(w, "reg", mpidr);
		fdtw_prop_string(w, "enable-method", "psci");
		fdtw_end(w);
	}
	fdtw_end(w);
}

static void write_memory(struct fdtw *w, uint64_t bytes)
{
	fdtw_begin(w, "memory@40000000");
	fdtw_prop_string(w, "device_type", "memory");
	fdtw_prop_cells(w, "reg", 4);
	write_reg(w, MACHINE_RAM, bytes);
	fdtw_end(w);
}

static void write_gic(struct fdtw *w, uint32_t version, uint32_t cpus)
{
	fdtw_begin(w, "intc@8000000");
	fdtw_prop_string(w, "compatible", version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	fdtw_prop_u32(w, "#interrupt-cells", 3);
	fdtw_prop_u32(w, "#address-cells", 0);
	fdtw_prop(w, "interrupt-controller", "", 0);
	fdtw_prop_cells(w, "reg", 8);
	write_reg(w, CAISSON_VM_GICD, MACHINE_GICD_BYTES);
	if (version == 2)
		write_reg(w, CAISSON_VM_GICC, CAISSON_VM_GICC_BYTES);
	else
		write_reg(w, CAISSON_VM_GICR, (uint64_t)MACHINE_GICR_BYTES * cpus);
	fdtw_prop_u32(w, "phandle", PHANDLE_GIC);
	fdtw_end(w);
}

static void write_ppi(struct fdtw *w, const struct guestdt_config *config, uint32_t number)
{
	uint32_t cpus = config->gic_version == 2 ? (1u << config->cpus) - 1 : 0;

	fdtw_cell(w, GIC_PPI);
	fdtw_cell(w, number);
	fdtw_cell(w, GIC_LEVEL_HIGH | cpus << GIC2_PPI_CPUS);
}

static void write_timer(struct fdtw *w, const struct guestdt_config *config)
{
	bool is_masked = config->timer == GUESTDT_TIMER_MASKED;

	fdtw_begin(w, "timer");
	fdtw_prop_string(w, "compatible", "arm,armv8-timer");
	fdtw_prop_cells(w, "interrupts", is_masked ? 3 : 12);
	if (!is_masked)
		write_ppi(w, config, MACHINE_PPI_TIMER_SECURE);
	write_ppi(w, config, MACHINE_PPI_TIMER_PHYS);
	if (is_masked) {
		fdtw_prop_string(w, "interrupt-names", "phys");
	} else {
		write_ppi(w, config, MACHINE_PPI_TIMER_VIRT);
		write_ppi(w, config, MACHINE_PPI_TIMER_HYP);
	}
	if (config->counter_hz != 0)
		fdtw_prop_u32(w, "clock-frequency", config->counter_hz);
	fdtw_prop(w, "always-on", "", 0);
	fdtw_end(w);
}

/* The binding arm,armv7-timer-mem (arm,arch_timer_mmio); interrupts: physical, virtual timer. */
static void write_timer_frame(struct fdtw *w)
{
	fdtw_begin(w, "timer@90c0000");
	fdtw_prop_string(w, "compatible", "arm,armv7-timer-mem");
	fdtw_prop_u32(w, "#address-cells", 2);
	fdtw_prop_u32(w, "#size-cells", 2);
	fdtw_prop(w, "ranges", "", 0);
	fdtw_prop_cells(w, "reg", 4);
	write_reg(w, CAISSON_VM_TIMER_CTL, MACHINE_TIMER_BYTES);
	fdtw_begin(w, "frame@90d0000");
	fdtw_prop_u32(w, "frame-number", 0);
	fdtw_prop_cells(w, "reg", 4);
	write_reg(w, CAISSON_VM_TIMER_FRAME, MACHINE_TIMER_BYTES);
	fdtw_prop_cells(w, "interrupts", 6);
	write_spi(w, MACHINE_FRAME_PHYS_SPI);
	write_spi(w, MACHINE_FRAME_VIRT_SPI);
	fdtw_end(w);
	fdtw_end(w);
}

static void write_psci(struct fdtw *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	fdtw_begin(w, "psci");
	fdtw_prop(w, "compatible", compatible, sizeof(compatible));
	fdtw_prop_string(w, "method", "hvc");
	fdtw_end(w);
}

static void write_clock(struct fdtw *w)
{
	fdtw_begin(w, "apb-pclk");
	fdtw_prop_string(w, "compatible", "fixed-clock");
	fdtw_prop_u32(w, "#clock-cells", 0);
	fdtw_prop_u32(w, "clock-frequency", MACHINE_UART_HZ);
	fdtw_prop_u32(w, "phandle", PHANDLE_CLOCK);
	fdtw_end(w);
}

/* What all PrimeCells have. compatible: two strings. */
static void write_primecell(struct fdtw *w, const char *compatible, size_t compatible_bytes,
			    uint64_t base, uint32_t spi)
{
	fdtw_prop(w, "compatible", compatible, compatible_bytes);
	fdtw_prop_cells(w, "reg", 4);
	write_reg(w, base, MACHINE_PRIMECELL_BYTES);
	fdtw_prop_cells(w, "interrupts", 3);
	write_spi(w, spi);
}

static void write_uart(struct fdtw *w)
{
	static const char compatible[] = "arm,pl011\0arm,primecell";
	static const char clocks[] = "uartclk\0apb_pclk";

	fdtw_begin(w, UART_NAME);
	write_primecell(w, compatible, sizeof(compatible), MACHINE_UART, MACHINE_UART_SPI);
	fdtw_prop_cells(w, "clocks", 2);
	fdtw_cell(w, PHANDLE_CLOCK);
	fdtw_cell(w, PHANDLE_CLOCK);
	fdtw_prop(w, "clock-names", clocks, sizeof(clocks));
	fdtw_end(w);
}

static void write_rtc(struct fdtw *w)
{
	static const char compatible[] = "arm,pl031\0arm,primecell";

	fdtw_begin(w, "pl031@9010000");
	write_primecell(w, compatible, sizeof(compatible), MACHINE_RTC, MACHINE_RTC_SPI);
	fdtw_prop_u32(w, "clocks", PHANDLE_CLOCK);
	fdtw_prop_string(w, "clock-names", "apb_pclk");
	fdtw_end(w);
}

static void write_button(struct fdtw *w)
{
	static const char compatible[] = "arm,pl061\0arm,primecell";

	fdtw_begin(w, "pl061@9030000");
	write_primecell(w, compatible, sizeof(compatible), MACHINE_GPIO, MACHINE_GPIO_SPI);
	fdtw_prop(w, "gpio-controller", "", 0);
	fdtw_prop_u32(w, "#gpio-cells", 2);
	fdtw_prop_u32(w, "clocks", PHANDLE_CLOCK);
	fdtw_prop_string(w, "clock-names", "apb_pclk");
	fdtw_prop_u32(w, "phandle", PHANDLE_GPIO);
	fdtw_end(w);

	fdtw_begin(w, "gpio-keys");
	fdtw_prop_string(w, "compatible", "gpio-keys");
	fdtw_begin(w, "poweroff");
	fdtw_prop_string(w, "label", "GPIO Key Poweroff");
	fdtw_prop_u32(w, "linux,code", KEY_POWER);
	fdtw_prop_cells(w, "gpios", 3);
	fdtw_cell(w, PHANDLE_GPIO);
	fdtw_cell(w, MACHINE_GPIO_BUTTON);
	fdtw_cell(w, GPIO_ACTIVE_HIGH);
	fdtw_end(w);
	fdtw_end(w);
}

static void write_firmware(struct fdtw *w)
{
	fdtw_begin(w, "flash@0");
	fdtw_prop_string(w, "compatible", "cfi-flash");
	fdtw_prop_cells(w, "reg", 8);
	write_reg(w, MACHINE_FLASH, CFIFLASH_BYTES);
	write_reg(w, MACHINE_FLASH + CFIFLASH_BYTES, CFIFLASH_BYTES);
	fdtw_prop_u32(w, "bank-width", FLASH_BANK_WIDTH);
	fdtw_end(w);

	fdtw_begin(w, "fw-cfg@9020000");
	fdtw_prop_string(w, "compatible", "qemu,fw-cfg-mmio");
	fdtw_prop_cells(w, "reg", 4);
	write_reg(w, MACHINE_FWCFG, FWCFG_BYTES);
	fdtw_prop(w, "dma-coherent", "", 0);
	fdtw_end(w);
}

/* What systemd 252 looks for where there is no SMBIOS: "vmware" in the first string. */
static void write_hypervisor(struct fdtw *w)
{
	fdtw_begin(w, "hypervisor");
	fdtw_prop_string(w, "compatible", "caisson,vmware-backdoor");
	fdtw_end(w);
}

static void write_virtio(struct fdtw *w, uint32_t slot)
{
	uint64_t base = MACHINE_VIRTIO + (uint64_t)slot * MACHINE_VIRTIO_BYTES;
	char name[32];

	fmt_snprintf(name, sizeof(name), "virtio_mmio@%x", (uint32_t)base);
	fdtw_begin(w, name);
	fdtw_prop_string(w, "compatible", "virtio,mmio");
	fdtw_prop_cells(w, "reg", 4);
	write_reg(w, base, MACHINE_VIRTIO_BYTES);
	fdtw_prop_cells(w, "interrupts", 3);
	write_spi(w, MACHINE_VIRTIO_SPI + slot);
	fdtw_prop(w, "dma-coherent", "", 0);
	fdtw_end(w);
}

enum err guestdt_write(const struct guestdt_config *config, void *out, size_t bytes_max)
{
	struct fdtw w;
	size_t bytes;
	enum err err;

	fdtw_init(&w, &empty_tree, out, bytes_max);
	fdtw_begin(&w, "");
	fdtw_prop_string(&w, "compatible", "linux,dummy-virt");
	fdtw_prop_string(&w, "model", "Caisson virtual machine");
	fdtw_prop_u32(&w, "#address-cells", 2);
	fdtw_prop_u32(&w, "#size-cells", 2);
	fdtw_prop_u32(&w, "interrupt-parent", PHANDLE_GIC);
	write_chosen(&w, config);
	write_cpus(&w, config->cpus);
	write_memory(&w, config->ram_bytes);
	write_gic(&w, config->gic_version, config->cpus);
	if (config->timer == GUESTDT_TIMER_FRAME)
		write_timer_frame(&w);
	else
		write_timer(&w, config);
	write_psci(&w);
	write_clock(&w);
	write_uart(&w);
	write_rtc(&w);
	write_button(&w);
	if (config->firmware)
		write_firmware(&w);
	if (config->vmware)
		write_hypervisor(&w);
	for (uint32_t i = 0; i < config->virtio_slots; i++)
		write_virtio(&w, i);
	fdtw_end(&w);
	err = fdtw_finish(&w, &bytes);
	for (uint32_t i = 0; err == ERR_OK && i < 4; i++)
		((uint8_t *)out)[FDT_TOTALSIZE_OFFSET + i] = bytes_max >> (24 - 8 * i);
	return err;
}
