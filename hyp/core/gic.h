/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CORE_GIC_H
#define HYP_CORE_GIC_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * The physical GICv3 (Arm IHI 0069), non-secure, Group 1, affinity routing on, EOImode 1 at
 * EL2: acknowledging masks, EOIR1 drops the priority, DIR (or a guest's EOI through a
 * hardware-linked list register) deactivates.
 */

#define GIC_SPURIOUS 1020 /* INTIDs from here to 1023 mean: nothing */

/*
 * SGI that makes another CPU leave its guest or its idle wait and look around. By convention
 * firmware keeps 8 to 15 for the Secure world; guests' SGIs are all virtual.
 */
#define GIC_SGI_KICK 7

/*
 * Checks the hardware, finds every CPU's redistributor, resets the distributor: everything
 * disabled, Group 1, level-sensitive, routed to the boot CPU. Boot CPU, once.
 * ERR_UNSUPPORTED: not a GICv3; ERR_NOT_FOUND: a CPU without a redistributor; ERR_INVALID:
 * regions too small; ERR_BUSY: the distributor does not settle.
 */
enum err gic_init(const struct bootinfo *bi) MUST_CHECK;

/*
 * This CPU's redistributor and CPU interface; every CPU, once, after gic_init(). The kick is
 * enabled, every other SGI and PPI disabled. ERR_UNSUPPORTED: no system register interface, or a
 * kick or LPIs that firmware does not let us set; ERR_BUSY: the redistributor does not wake or
 * settle.
 */
enum err gic_init_cpu(void) MUST_CHECK;

/* Number of INTIDs the distributor has, 32..1020. */
uint32_t gic_intid_count(void);

/* Physical address of CPU `cpu`'s redistributor (RD_base), after gic_init(). */
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

/* Acknowledged with ICC_IAR1_EL1: drops the priority, runs the handler if any, deactivates. */
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

#endif
