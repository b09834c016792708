/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/idreg.h"

#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "lib/idreg.h"

#include <string.h>

#define SHOW(crm, op2)                                                                             \
	id_reg[IDREG(crm, op2)] = idreg_filter(IDREG(crm, op2), sysreg_read(S3_0_C0_C##crm##_##op2))

/* The whole of a CRm; encodings with no register read as zero (DDI 0487 D18.1). */
#define SHOW_CRM(crm)                                                                              \
	do {                                                                                       \
		SHOW(crm, 0);                                                                      \
		SHOW(crm, 1);                                                                      \
		SHOW(crm, 2);                                                                      \
		SHOW(crm, 3);                                                                      \
		SHOW(crm, 4);                                                                      \
		SHOW(crm, 5);                                                                      \
		SHOW(crm, 6);                                                                      \
		SHOW(crm, 7);                                                                      \
	} while (0)

#define PFR1_32 IDREG(1, 1) /* ID_PFR1_EL1 */
#define PFR0    IDREG(4, 0)
#define PFR1    IDREG(4, 1)
#define DFR0    IDREG(5, 0)

static void read_all(uint64_t id_reg[IDREG_COUNT])
{
	SHOW_CRM(1);
	SHOW_CRM(2);
	SHOW_CRM(3);
	SHOW_CRM(4);
	SHOW_CRM(5);
	SHOW_CRM(6);
	SHOW_CRM(7);
	if (gic_is_v2()) { /* what there may be of GICv3's registers is off: gicv2_init_cpu() */
		id_reg[PFR0] = bits_set(id_reg[PFR0], 27, 24, 0);
		id_reg[PFR1_32] = bits_set(id_reg[PFR1_32], 31, 28, 0);
	}
}

void idreg_init(struct vm *vm)
{
	read_all(vm->id_reg);
}

void idreg_check(const struct vm *vm)
{
	uint64_t id_reg[IDREG_COUNT];
	unsigned int i;

	read_all(id_reg);
	for (i = IDREG(1, 0); i < IDREG_COUNT; i++) {
		if (id_reg[i] != vm->id_reg[i])
			log_printf(LOG_WARN,
				   "CPU %u: ID register S3_0_C0_C%u_%u is 0x%lx, guests see the "
				   "boot CPU's, 0x%lx",
				   percpu_this()->index, i >> 3, i & 7, id_reg[i], vm->id_reg[i]);
	}
}

void idreg_init_user(struct vm *vm, const struct vm *service)
{
	memcpy(vm->id_reg, service->id_reg, sizeof(vm->id_reg));
	/* CSV2: 1 is the branch predictor's part alone. */
	if (bits_get(vm->id_reg[PFR0], 59, 56) > 1)
		vm->id_reg[PFR0] = bits_set(vm->id_reg[PFR0], 59, 56, 1);
	vm->id_reg[PFR1] = bits_set(vm->id_reg[PFR1], 35, 32, 0);
	vm->id_reg[DFR0] = bits_set(vm->id_reg[DFR0], 11, 8, 0);
}
