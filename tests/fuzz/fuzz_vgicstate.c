/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/vgicstate.h"

/*
 * Any bytes as a state of a vGIC: of a distributor or a vCPU. What is taken comes out again as it
 * was, with indices within bounds (the sanitizers look), and the vGIC goes on.
 */
#define CPUS            3
#define PREEMPTION_BITS 5
#define LRS             4

static struct vgic_dist dist;
static struct vgic_cpu cpu[CPUS];

static void make(bool v2)
{
	struct vgic_cpu *const cpus[CPUS] = {&cpu[0], &cpu[1], &cpu[2]};
	const uint64_t mpidr[CPUS] = {0, 1, 2};

	FUZZ_CHECK(vgic_init(&dist, cpus, mpidr, CPUS, CAISSON_VM_INTIDS, LRS, 5) == ERR_OK);
	FUZZ_CHECK(!v2 || vgic2_set(&dist) == ERR_OK);
	vgic_hw_set(&dist, CAISSON_VM_TIMER_INTID);
}

/* A state that is right, changed where the input says. */
static void change(struct fuzz_input *in, void *state, size_t bytes)
{
	uint8_t *byte = state;

	while (in->bytes != 0) {
		size_t at = fuzz_take(in, 2) % bytes;

		byte[at] = (uint8_t)fuzz_take(in, 1);
	}
}

/* What waits for list registers fits into them, and comes back. */
static void go_on(void)
{
	struct vgic_effects fx;
	struct vgic_lrs lrs = {.eoi_count = 0};
	uint32_t i;

	for (i = 0; i < CPUS; i++) {
		vgic_effects_init(&fx);
		vgicstate_settle(&dist, &cpu[i], &fx);
	}
	for (i = 0; i < CPUS; i++) {
		if (cpu[i].slow & VGIC_SLOW_OFFLINE)
			continue;
		vgic_fill(&dist, &cpu[i], &lrs);
		vgic_effects_init(&fx);
		vgic_fold(&dist, &cpu[i], &lrs, &fx);
	}
}

static void try_dist(struct fuzz_input *in)
{
	struct vgic_state_dist state, again;
	uint32_t intid;

	vgicstate_dist_get(&dist, PREEMPTION_BITS, &state);
	change(in, &state, sizeof(state));
	if (vgicstate_dist_check(&dist, PREEMPTION_BITS, &state, &intid))
		return;
	vgicstate_dist_set(&dist, &state);
	go_on();
	vgicstate_dist_get(&dist, PREEMPTION_BITS, &again);
	FUZZ_CHECK(memcmp(&state, &again, sizeof(state)) == 0);
}

static void try_cpu(struct fuzz_input *in)
{
	struct vgicstate_interface interface = {.vmcr = 0};
	struct vgic_state_cpu state, again;
	uint32_t intid;

	vgicstate_cpu_get(&dist, &cpu[1], PREEMPTION_BITS, &interface, &state);
	change(in, &state, sizeof(state));
	if (vgicstate_cpu_check(&dist, &cpu[1], PREEMPTION_BITS, &state, &intid))
		return;
	vgicstate_cpu_set(&dist, &cpu[1], &state, &interface);
	go_on();
	vgicstate_cpu_get(&dist, &cpu[1], PREEMPTION_BITS, &interface, &again);
	FUZZ_CHECK(memcmp(&state, &again, sizeof(state)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	uint32_t machine = (uint32_t)fuzz_take(&in, 1);

	make(machine & 1);
	if (machine & 2)
		try_dist(&in);
	else
		try_cpu(&in);
	return 0;
}
