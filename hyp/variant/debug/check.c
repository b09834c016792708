/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "hyp/core/lock.h"
#include "hyp/core/panic.h"
#include "hyp/core/percpu.h"
#include "lib/cmdline.h"
#include "lib/text.h"

#include <string.h>

void check_lock_order(unsigned int order)
{
	uint32_t held = percpu_this()->locks_held;

	if (held >> order)
		panic("lock %u taken while holding 0x%x: against the lock order", order, held);
}

void check_lock_taken(unsigned int order)
{
	percpu_this()->locks_held |= BIT(order);
}

void check_lock_dropped(unsigned int order)
{
	struct percpu *p = percpu_this();

	if (!(p->locks_held & BIT(order)))
		panic("lock %u released but not held", order);
	p->locks_held &= ~BIT(order);
}

static void test_write(void)
{
	*(volatile uint32_t *)HYP_IMAGE_VA = 0;
}

static uint32_t ret_in_data = 0xd65f03c0;

static void test_exec(void)
{
	((void (*)(void)) & ret_in_data)();
}

static unsigned int overrun(unsigned int depth)
{
	volatile uint8_t filler[512];

	filler[0] = (uint8_t)depth;
	return depth == 0 ? 0 : overrun(depth - 1) + filler[0];
}

static void test_stack(void)
{
	if (overrun(2 * HYP_STACK_BYTES / 512) == 0)
		panic("panic-test=stack: the overrun went unnoticed");
}

static void test_undef(void)
{
	__asm__ volatile("udf #0");
}

static struct spinlock early = SPINLOCK_INIT(LOCK_VM_POWER);
static struct spinlock late = SPINLOCK_INIT(LOCK_GIC);

static void test_lock(void)
{
	lock_acquire(&late);
	lock_acquire(&early);
	lock_release(&early);
	lock_release(&late);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"write", test_write}, {"exec", test_exec}, {"stack", test_stack},
	{"undef", test_undef}, {"lock", test_lock},
};

/* -1: there is none of that name. */
static int find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (text_length(tests[i].name) == length &&
		    memcmp(tests[i].name, name, length) == 0)
			return (int)i;
	}
	return -1;
}

static void run(int test)
{
	tests[test].run();
	panic("panic-test=%s did not stop EL2", tests[test].name);
}

void check_panic_test(const char *cmdline)
{
	size_t length;
	const char *name = cmdline_get(cmdline, "panic-test", &length);

	if (name && find(name, length) >= 0)
		run(find(name, length));
}

int check_panic_has(const char *name)
{
	return find(name, text_length(name)) >= 0;
}

void check_panic_run(const char *name)
{
	if (check_panic_has(name))
		run(find(name, text_length(name)));
}
