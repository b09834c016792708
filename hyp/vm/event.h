/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_EVENT_H
#define HYP_VM_EVENT_H

#include "abi/event.h"
#include "lib/bits.h"

/* What goes to the service VM by the event line (abi/event.h). Any CPU; takes vGIC locks. */

/* poke: event_pull() has something for whoever calls that. Boot CPU, once. */
typedef void event_poke_fn(void);
void event_init(event_poke_fn *poke);

/* One event for each vCPU of the set. No lock but a slot's is held. */
void event_post(enum event_type type, uint32_t vm, uint32_t vcpu_set);

/* The exit of this vCPU is answered: it is not announced anew. */
void event_answered(uint32_t vm, uint32_t vcpu);

/* The VM is gone. */
void event_forget(uint32_t vm);

/* Records, whole ones, at most `room` bytes; returns how many bytes. One caller at a time. */
size_t event_pull(uint8_t *bytes, size_t room);

/* What stands is to be announced anew: event_pull() gives it. Requests not pulled yet are dropped.
 */
void event_again(void);

#endif
