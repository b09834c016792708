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

/* How fast the guest's counter is; its CPUs are said to be, for want of anything truer. */
uint32_t vcpu_mhz(void);

/* The VM has ended or is paused: the thread is to see it, wherever it is. */
void vcpu_interrupt(struct vcpu *v);

#endif
