/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bits without a lock: who posts sets one and then pokes; who pulls clears one and then has the
 * record's room for sure. A post that finds the FIFO full is pulled by the read that makes room.
 */
#include "hyp/vm/event.h"

#include "abi/hypercall.h"

#define TYPES (EVENT_LAST + 1)

static event_poke_fn *poke_reader;
static uint32_t pending[TYPES][CAISSON_MAX_VMS];  /* not in the FIFO yet: a bit for each vCPU */
static uint32_t standing[TYPES][CAISSON_MAX_VMS]; /* to be told again to a new reader */

void event_init(event_poke_fn *poke)
{
	poke_reader = poke;
}

void event_post(enum event_type type, uint32_t vm, uint32_t vcpu_set)
{
	if (type < EVENT_FIRST_REQUEST)
		__atomic_fetch_or(&standing[type][vm], vcpu_set, __ATOMIC_RELAXED);
	__atomic_fetch_or(&pending[type][vm], vcpu_set, __ATOMIC_RELEASE);
	poke_reader();
}

void event_answered(uint32_t vm, uint32_t vcpu)
{
	__atomic_fetch_and(&standing[EVENT_EXIT][vm], ~(1u << vcpu), __ATOMIC_RELAXED);
}

void event_forget(uint32_t vm)
{
	uint32_t type;

	/* EVENT_START means no VM that there is. */
	for (type = 0; type < EVENT_START; type++) {
		__atomic_store_n(&standing[type][vm], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&pending[type][vm], 0, __ATOMIC_RELAXED);
	}
}

static void put(uint8_t record[EVENT_BYTES], uint32_t type, uint32_t vm, uint32_t vcpu)
{
	record[0] = (uint8_t)(EVENT_FIRST | type);
	record[1] = (uint8_t)vm;
	record[2] = (uint8_t)vcpu;
	record[3] = EVENT_CHECK(type, vm, vcpu);
}

size_t event_pull(uint8_t *bytes, size_t room)
{
	uint32_t type, vm, vcpu, set;
	size_t used = 0;

	for (type = 0; type < TYPES; type++) {
		for (vm = 0; vm < CAISSON_MAX_VMS; vm++) {
			set = __atomic_load_n(&pending[type][vm], __ATOMIC_ACQUIRE);
			for (; set != 0 && room - used >= EVENT_BYTES; set &= set - 1) {
				vcpu = (uint32_t)__builtin_ctz(set);
				__atomic_fetch_and(&pending[type][vm], ~(1u << vcpu),
						   __ATOMIC_ACQUIRE);
				put(bytes + used, type, vm, vcpu);
				used += EVENT_BYTES;
			}
		}
	}
	return used;
}

void event_again(void)
{
	uint32_t type, vm;

	for (vm = 0; vm < CAISSON_MAX_VMS; vm++) {
		for (type = 0; type < EVENT_FIRST_REQUEST; type++)
			__atomic_fetch_or(&pending[type][vm],
					  __atomic_load_n(&standing[type][vm], __ATOMIC_RELAXED),
					  __ATOMIC_RELEASE);
		for (; type < TYPES; type++)
			__atomic_store_n(&pending[type][vm], 0, __ATOMIC_RELAXED);
	}
}
