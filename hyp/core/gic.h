/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_GIC_H
#define HYP_CORE_GIC_H

#include "abi/bootinfo.h"
#include "arch/aarch64/gicv2.h"
#include "arch/aarch64/gicv3.h"
#include "arch/aarch64/mmio.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * The physical GIC, with EOImode 1 at EL2: acknowledging masks, an EOI drops the priority, a
 * deactivation (or a guest's EOI through a hardware-linked list register) ends it.
 *
 * GICv3 (Arm IHI 0069): non-secure, Group 1, affinity routing on. GICv2 (IHI 0048) with
 * virtualisation extensions: the group that non-secure software has, which is Group 0 if there are
 * no security extensions; its registers of PPIs and SGIs are each CPU's own, so functions that take
 * a CPU and such an INTID are for this CPU there.
 */

#define GIC_SPURIOUS 1020 /* INTIDs from here to 1023 mean: nothing */

/*
 * SGI that makes another CPU leave its guest or its idle wait and look around. By convention
 * firmware keeps 8 to 15 for the Secure world; guests' SGIs are all virtual.
 */
#define GIC_SGI_KICK 7

/* Where a GICv2's registers are; constant after gic_init(). GICv3: all 0. */
struct gicv2 {
	uint64_t gicc;
	uint64_t dir; /* GICC_DIR */
	uint64_t gich;
};
extern struct gicv2 gicv2;

static inline bool gic_is_v2(void)
{
	return __builtin_expect(gicv2.gicc != 0, 0);
}

/*
 * Checks the hardware, finds every CPU's redistributor, resets the distributor: everything
 * disabled, level-sensitive, routed to the boot CPU. Boot CPU, once. ERR_UNSUPPORTED: not the GIC
 * that bi says; ERR_NOT_FOUND: a CPU without a redistributor; ERR_INVALID: regions too small;
 * ERR_RANGE: more CPUs than it can serve; ERR_BUSY: the distributor does not settle.
 */
enum err gic_init(const struct bootinfo *bi) MUST_CHECK;

/*
 * This CPU's redistributor and CPU interface; every CPU, once, after gic_init(). The kick is
 * enabled, every other PPI, and SGI if that can be, disabled. ERR_UNSUPPORTED: no system register
 * interface, or with a GICv2 one that is on, or a kick, LPIs or an EOImode that firmware does not
 * let us set; ERR_BUSY: the redistributor does not wake or settle.
 */
enum err gic_init_cpu(void) MUST_CHECK;

/* Number of INTIDs the distributor has, 32..1020. */
uint32_t gic_intid_count(void);

/* Physical address of CPU `cpu`'s redistributor (RD_base), after gic_init(); GICv3 only. */
uint64_t gic_redistributor(uint32_t cpu);

/*
 * An interrupt that EL2 itself serves: handler runs on the CPU that took it, after the priority
 * drop; it is deactivated when the handler returns. Register before enabling. A PPI or SGI's
 * handler serves every CPU. ERR_RANGE: no such INTID; ERR_NO_MEMORY: too many handlers.
 */
typedef void gic_handler_fn(void *ctx);
enum err gic_handler_set(uint32_t intid, gic_handler_fn *handler, void *ctx) MUST_CHECK;

/* Does EL2 serve this INTID itself? */
bool gic_handler_has(uint32_t intid);

/*
 * The INTID of an interrupt that is taken now, or GIC_SPURIOUS and up. v2 is gic_is_v2(), a
 * constant where the time counts. Then, in this order: the priority drop; the end, which is left to
 * the guest for one in a hardware-linked list register. A GICv2's SGI, whose end has to name the
 * CPU that it came from, comes with both done.
 */
static inline uint32_t gic_acknowledge(bool v2)
{
	uint32_t iar;

	if (!v2)
		return (uint32_t)sysreg_read(ICC_IAR1_EL1);
	iar = mmio_read32(gicv2.gicc + GICC_IAR);
	if ((iar & GICC_IAR_INTID_MASK) < 16) {
		mmio_write32(gicv2.gicc + GICC_EOIR, iar);
		mmio_write32(gicv2.dir, iar);
	}
	return iar & GICC_IAR_INTID_MASK;
}

static inline void gic_drop(bool v2, uint32_t intid)
{
	if (!v2)
		sysreg_write(ICC_EOIR1_EL1, intid);
	else if (intid >= 16)
		mmio_write32(gicv2.gicc + GICC_EOIR, intid);
}

static inline void gic_deactivate(bool v2, uint32_t intid)
{
	if (!v2)
		sysreg_write(ICC_DIR_EL1, intid);
	else if (intid >= 16)
		mmio_write32(gicv2.dir, intid);
}

/* Acknowledged: drops the priority, runs the handler if any, deactivates. */
void gic_handler_run(uint32_t intid);

/*
 * Enable or disable; PPIs and SGIs: on this CPU, or with _on() on CPU `cpu`. Takes no lock
 * (set/clear registers). Disabling waits, bounded, until it has taken effect.
 */
void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);
void gic_enable_on(uint32_t cpu, uint32_t intid);
void gic_disable_on(uint32_t cpu, uint32_t intid);
/* Pending and active state, same rules. */
void gic_active_set(uint32_t intid, bool active);
void gic_pending_set_on(uint32_t cpu, uint32_t intid, bool pending);
void gic_active_set_on(uint32_t cpu, uint32_t intid, bool active);
/* ISPENDR of the 32 INTIDs from 32 * word; word 0: CPU `cpu`'s. */
uint32_t gic_pending_word(uint32_t cpu, uint32_t word);
/* Edge or level; the interrupt must be disabled. SGIs: ignored. Takes LOCK_GIC. */
void gic_config_set(uint32_t intid, bool edge);
void gic_config_set_on(uint32_t cpu, uint32_t intid, bool edge);
/* Routes an SPI to the CPU with these affinity fields. */
void gic_route_set(uint32_t intid, uint64_t mpidr);

/* Makes CPU `index` look around (GIC_SGI_KICK); what this CPU wrote before is seen by it then. */
void gic_kick(uint32_t index);
/* The same for who knows that it is a GICv3. */
void gicv3_kick(uint32_t index);

#endif
