/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include "vmm/vm.h"

/* Once for the process: the signal that fetches a thread out of what it does. */
void vcpu_init_process(void);

/* Threads of vCPUs that are off wait until they are turned on. Tells what is wrong. */
enum err vcpu_start_thread(struct vcpu *v) MUST_CHECK;

/* Sets an off vCPU to its first instruction and lets it run. ERR_BUSY: it is on. */
enum err vcpu_turn_on(struct vcpu *v, uint64_t pc, uint64_t x0) MUST_CHECK;
/* By the vCPU's own thread. */
void vcpu_turn_off(struct vcpu *v);
bool vcpu_is_on(struct vcpu *v);

/* EL2 says that the dedicated vCPU has an exit; it may be mistaken. Any thread. */
void vcpu_announce(struct vcpu *v);

struct stream;
struct stream_section;

/* Its registers, while the VM is paused. What it had begun is finished before, or begun again. */
enum err vcpu_save(struct vcpu *v, struct stream *s) MUST_CHECK;
/* Of one that was never on: then it is, or not, as it was. No thread is there yet. */
enum err vcpu_load(struct vcpu *v, struct stream *s,
		   const struct stream_section *section) MUST_CHECK;

/* The host's counter, now. */
uint64_t vcpu_host_count(void);
/* What guests' tools are told of the speed of a CPU whose counter has this frequency. */
uint32_t vcpu_mhz(uint64_t hz);

/* The VM has ended or is paused: the thread is to see it, wherever it is. */
void vcpu_interrupt(struct vcpu *v);

#endif
