// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/kvmptp.h"

#include <time.h>

#include "lib/timescale.h"

#define FUNCTION_UID      0x8600ff01
#define FUNCTION_FEATURES 0x86000000
#define FUNCTION_PTP      0x86000001

#define FEATURE_FEATURES BIT(0)
#define FEATURE_PTP      BIT(1)

/* W1 of PTP: which counter the guest counts by. */
#define COUNTER_VIRTUAL  0
#define COUNTER_PHYSICAL 1

#define NOT_SUPPORTED UINT64_MAX

#define NS_PER_SECOND INT64_C(1000000000)
#define READINGS      4

/* 28b46fb6-2ec5-11e9-a9ca-4b564d003a74, as registers have it. */
static const uint32_t uid[] = {0xb66fb428, 0xe911c52e, 0x564bcaa9, 0x743a004d};

/* This process's: its offset is 0, so it is the physical counter's value, too. */
static uint64_t read_counter(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(count)::"memory");
	return count;
}

/*
 * The host's clock, in nanoseconds since 1970, and the counter at the same moment: of a few
 * readings the one that was least disturbed. No reading lies in the guest's future.
 */
static uint64_t read_clock(uint64_t *count)
{
	uint64_t shortest = UINT64_MAX, ns = 0;
	struct timespec now;

	for (uint32_t i = 0; i < READINGS; i++) {
		uint64_t before = read_counter();

		(void)clock_gettime(CLOCK_REALTIME, &now);

		uint64_t ticks = read_counter() - before;

		if (ticks >= shortest)
			continue;
		shortest = ticks;
		*count = before + ticks / 2;
		ns = (uint64_t)(now.tv_sec * NS_PER_SECOND + now.tv_nsec);
	}
	return ns;
}

/* How the guest's count follows from this process's: from a moment ago on. */
static bool read_scale(const struct vcpu *v, struct timescale *scale)
{
	struct hyp_vm_time now;
	uint64_t host_hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(host_hz));
	return hyp_vm_time_get(&v->vm->token, &now) == CAISSON_OK &&
	       timescale_set(scale, now.hz, host_hz, now.guest, now.host) == ERR_OK;
}

static void answer_ptp(const struct vcpu *v, uint64_t result[4])
{
	uint32_t counter = (uint32_t)v->page->args[1];
	struct timescale scale;
	uint64_t count = 0, ns;

	/* A guest's two counters are the same. */
	if ((counter != COUNTER_VIRTUAL && counter != COUNTER_PHYSICAL) || !read_scale(v, &scale)) {
		result[0] = NOT_SUPPORTED;
		return;
	}
	ns = read_clock(&count);
	count = timescale_guest(&scale, count);
	result[0] = ns >> 32;
	result[1] = (uint32_t)ns;
	result[2] = count >> 32;
	result[3] = (uint32_t)count;
}

bool kvmptp_handle(struct vcpu *v)
{
	struct run_page *page = v->page;
	uint64_t result[4] = {0};

	if (!v->vm->ptp)
		return false;
	switch ((uint32_t)page->args[0]) {
	case FUNCTION_UID:
		for (uint32_t i = 0; i < ARRAY_SIZE(uid); i++)
			result[i] = uid[i];
		break;
	case FUNCTION_FEATURES:
		result[0] = FEATURE_FEATURES | FEATURE_PTP;
		break;
	case FUNCTION_PTP:
		answer_ptp(v, result);
		break;
	default:
		return false;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(result); i++)
		page->result[i] = result[i];
	return true;
}
