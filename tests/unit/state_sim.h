/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_STATE_SIM_H
#define TESTS_UNIT_STATE_SIM_H

#include "vmm/state.h"
#include "vmm/virtio.h"
#include "vmm/virtio_serial.h"
#include "vmm/vm.h"

/*
 * A VM's devices without the VM: what EL2, caissond and threads would do is left out, interrupt
 * lines are kept. For tests of their state and for the fuzzer of it.
 */

#define SIM_RAM_BYTES 0x40000

struct state_sim {
	struct vm vm;
	struct rtc rtc;
	struct button button;
	struct flash flash;
	struct fwconfig fwconfig;
	struct virtio virtio; /* two queues, 8 bytes of configuration */
	struct virtio_serial serial;
	struct tools tools;
	uint8_t *ram;
	uint8_t *flash_memory;
	bool line[256];
	uint32_t holds, begins;
};

/* The one that is there. */
extern struct state_sim *state_sim;

void state_sim_open(struct state_sim *sim);
void state_sim_close(struct state_sim *sim);

/* All of it, in the order of a snapshot. */
enum err state_sim_save(struct state_sim *sim, struct stream *s) MUST_CHECK;
enum err state_sim_load(struct state_sim *sim, struct stream *s,
			const struct stream_section *section) MUST_CHECK;

#endif
