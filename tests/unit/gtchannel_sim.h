/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_GTCHANNEL_SIM_H
#define TESTS_UNIT_GTCHANNEL_SIM_H

#include <stdlib.h>
#include <string.h>

#include "lib/gtchannel.h"

/*
 * What owns the channels in tests: it answers each message with the same bytes behind "1 ", keeps
 * count of memory, and remembers what came last. For unit tests and the fuzzer.
 */
struct sim {
	struct gtchannels channels;
	unsigned int allocated; /* pieces of memory that were not released */
	unsigned int messages;
	unsigned int open;
	uint32_t last_bytes;
	uint64_t random;
	bool no_memory;
};

static inline uint8_t *sim_allocate(void *arg, uint32_t bytes)
{
	struct sim *sim = arg;

	if (sim->no_memory)
		return NULL;
	sim->allocated++;
	return malloc(bytes != 0 ? bytes : 1);
}

static inline void sim_release(void *arg, uint8_t *memory)
{
	((struct sim *)arg)->allocated--;
	free(memory);
}

static inline uint32_t sim_random(void *arg)
{
	struct sim *sim = arg;

	sim->random = sim->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(sim->random >> 32);
}

static inline void sim_message(void *arg, uint32_t id, const uint8_t *message, uint32_t bytes)
{
	struct sim *sim = arg;
	uint8_t *reply = sim_allocate(sim, bytes + 2);

	sim->messages++;
	sim->last_bytes = bytes;
	if (message[bytes] != 0)
		abort();
	if (reply == NULL)
		return;
	memcpy(reply, "1 ", 2);
	memcpy(reply + 2, message, bytes);
	gtchannel_post(&sim->channels, id, reply, bytes + 2);
}

static inline void sim_opened(void *arg, uint32_t id)
{
	((struct sim *)arg)->open++;
}

static inline void sim_closed(void *arg, uint32_t id)
{
	((struct sim *)arg)->open--;
}

static const struct gtchannel_ops sim_ops = {sim_allocate, sim_release, sim_random,
					     sim_message,  sim_opened,  sim_closed};

static inline void sim_init(struct sim *sim, uint64_t seed)
{
	*sim = (struct sim){.random = seed};
	gtchannel_init(&sim->channels, &sim_ops, sim, true);
}

#endif
