/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "arch/aarch64/gicv2.h"
#include "arch/aarch64/gicv3.h"
#include "tests/unit/vgic_sim.h"

/*
 * Any sequence of guest accesses, interrupts, acknowledgements and ends, sensible or not, on
 * the simulated machine of the unit tests, which checks every list register that is written.
 * A guest that ends what it never acknowledged may only confuse itself.
 */
#define CPUS 3

/* Offsets near registers that exist, more often than not. */
static uint64_t offset_of(struct fuzz_input *in, uint64_t bytes, uint64_t limit)
{
	static const uint16_t bases[] = {
		0x000,        GICD_IGROUPR,   GICD_ISENABLER, GICD_ICENABLER,  GICD_ISPENDR,
		GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER, GICD_IPRIORITYR, GICD_ICFGR,
		GICD_IROUTER, 0xff80,         GICD_ITARGETSR, GICD_SGIR,
	};
	uint64_t choice = fuzz_take(in, 1);
	uint64_t offset = fuzz_take(in, 2);

	if (choice < 128)
		offset = bases[choice % ARRAY_SIZE(bases)] + offset % 0x80;
	if (limit > 0x10000 && choice % 2)
		offset += 0x10000;
	return offset % limit & ~(bytes - 1);
}

static void access_register(struct fuzz_input *in, uint32_t cpu, uint32_t op)
{
	uint32_t bytes = 1u << fuzz_take(in, 1) % 4;
	uint32_t frame = op % CPUS;
	uint64_t offset, value;

	if (op & 0x10) {
		offset = offset_of(in, bytes, VGIC_GICD_BYTES);
		if (op & 0x20)
			(void)sim_write(cpu, offset, bytes, fuzz_take(in, bytes));
		else
			(void)sim_read(cpu, offset, bytes, &value);
	} else if (!sim.v2) {
		offset = offset_of(in, bytes, VGIC_GICR_BYTES);
		if (op & 0x20)
			(void)sim_redist_write(cpu, frame, offset, bytes, fuzz_take(in, bytes));
		else
			(void)sim_redist_read(cpu, frame, offset, bytes, &value);
	}
}

static void step(struct fuzz_input *in)
{
	uint32_t op = (uint32_t)fuzz_take(in, 1);
	uint32_t cpu = (uint32_t)fuzz_take(in, 1) % CPUS;
	uint32_t intid = (uint32_t)fuzz_take(in, 1) % SIM_INTIDS;

	if ((op & 0xf) == 8) {
		if (sim.cpu[cpu].on)
			sim_off(cpu);
		else
			sim_on(cpu);
		return;
	}
	if (!sim.cpu[cpu].on)
		return;
	switch (op & 0xf) {
	case 0:
		sim_sgi(cpu, op >> 4, intid & 15, intid & 16);
		break;
	case 1:
		if (intid >= 16 && intid != SIM_MAINTENANCE && intid != SIM_HYP_TIMER)
			sim_line(cpu, intid, op & 0x10);
		break;
	case 2:
	case 3:
		if (sim.cpu[cpu].ap.count < 31)
			(void)sim_ack(cpu, op & 0x10);
		break;
	case 4:
	case 5:
		sim_eoi(cpu, intid, op & 0x10);
		break;
	case 6:
		sim_dir(cpu, intid);
		break;
	case 7:
		sim_eoi_mode(cpu, op & 0x10);
		break;
	default:
		access_register(in, cpu, op);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};

	uint32_t machine = (uint32_t)fuzz_take(&in, 1);

	if (machine & 0x80)
		sim_init2(CPUS, 1 + machine % 6);
	else
		sim_init(CPUS, 1 + machine % 6);
	while (in.bytes != 0)
		step(&in);
	/* Nothing is left to be done by a CPU that has answered. */
	FUZZ_CHECK(!(sim_get(0, GICD_CTLR) & GICD_CTLR_RWP));
	return 0;
}
