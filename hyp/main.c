/* SPDX-License-Identifier: BSD-2-Clause */
/* Initialisation, in order. */
#include "abi/bootinfo.h"
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/cache.h"
#include "check.h"
#include "hyp/console/console.h"
#include "hyp/console/gdbstub.h"
#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/mem.h"
#include "hyp/core/panic.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/event.h"
#include "hyp/vm/psci.h"
#include "hyp/vm/smccc.h"
#include "hyp/vm/svm.h"

extern const struct hyp_header hyp_header;

/* Called by arch/aarch64/entry.S on every CPU. */
void hyp_main(const struct bootinfo *bi, uint32_t index) __attribute__((noreturn));

static struct vm *svm; /* set by the boot CPU before the others are released */

/* Lets the waiting CPUs in, all at once, through their mailboxes. */
static void release_secondaries(const struct bootinfo *bi)
{
	uint32_t i;

	for (i = 1; i < bi->cpu_count; i++) {
		struct boot_mailbox *mailbox = (struct boot_mailbox *)bi->cpu[i].mailbox;

		mailbox->entry = bi->image.base + hyp_header.secondary_offset;
		dmb(ish); /* the CPU looks at cpu_id first */
		mailbox->cpu_id = mailbox->own_id & 0xff;
		cache_clean_poc((uint64_t)mailbox, offsetof(struct boot_mailbox, os));
	}
	sev();
}

static void say_hello(const struct bootinfo *bi)
{
	log_printf(LOG_INFO, "Caisson %s at EL2: %u CPU%s, %lu KiB of its memory in use",
		   CAISSON_VERSION, bi->cpu_count, bi->cpu_count == 1 ? "" : "s",
		   (bi->kept.bytes - mem_free_bytes()) / 1024);
}

static const struct console_events events = {.pull = event_pull, .again = event_again};

static void boot_cpu(const struct bootinfo *bi)
{
	percpu_init(bi);
	log_init(bi);
	mem_init(bi);
	console_init(bi);
	log_show_previous();
	check_panic_test(bi->cmdline);
	if (gic_init(bi) != ERR_OK || gic_init_cpu() != ERR_OK)
		panic("the interrupt controller does not answer as a GICv%u should",
		      bi->gic_version);
	smccc_init(bi);
	svm = svm_create(bi);
	gdbstub_init(bi, svm);
	if (console_attach_svm(svm, bi, &events) != ERR_OK)
		panic("no console for the service VM");
	event_init(console_poke_events);
	psci_init(bi, console_flush);
	mem_seal();
	say_hello(bi);
	console_started();
	release_secondaries(bi);
}

void hyp_main(const struct bootinfo *bi, uint32_t index)
{
	if (index == 0)
		boot_cpu(bi);
	else if (gic_init_cpu() != ERR_OK)
		panic("this CPU's part of the interrupt controller does not answer");
	svm_run(svm);
}
