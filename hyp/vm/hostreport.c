/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report is copied once, out of the caller's reach, looked through there, and then takes the
 * place of the one before as a whole.
 *
 * The service VM's load: Linux takes a user VM's time for that of the process that runs it, so what
 * user VMs had of the service VM's CPUs is taken off what Linux calls busy.
 */
#include "hyp/vm/hostreport.h"

#include "hyp/core/percpu.h"
#include "hyp/vm/event.h"
#include "hyp/vm/inspect.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/uvm.h"
#include "lib/hostreport.h"

#include <string.h>

static bool is_enabled;
static struct host_report incoming GUARDED_BY(slot_manage_lock);

/* What the load is reckoned from. */
struct sums {
	uint64_t at; /* inspect_now() */
	uint64_t busy_us;
	uint64_t away_ticks; /* user VMs had CPUs of the service VM, or slept there in EL2 */
};

static struct spinlock report_lock = SPINLOCK_INIT(LOCK_REPORT);
static struct host_report newest GUARDED_BY(report_lock);
static uint64_t arrived_at GUARDED_BY(report_lock); /* 0: none has */
static struct sums before GUARDED_BY(report_lock);
static bool has_load GUARDED_BY(report_lock);
static uint32_t load_percent GUARDED_BY(report_lock);

void hostreport_enable(void)
{
	is_enabled = true;
}

/* Without a lock: it takes others'. */
static void take_sums(struct sums *sums)
{
	struct inspect_cpu cpu;
	uint32_t i;

	sums->at = inspect_now();
	sums->away_ticks = 0;
	for (i = 0; i < percpu_count(); i++) {
		if (inspect_cpu(i, &cpu) == ERR_OK && cpu.is_on)
			sums->away_ticks += cpu.user_ticks + cpu.slept_ticks;
	}
}

/* A CPU that came or went spoils one figure: sums do not go back otherwise. */
static void reckon_load(const struct sums *now) REQUIRES(report_lock)
{
	uint64_t hz = inspect_hz(), us = now->busy_us - before.busy_us;
	struct hostreport_span span = {.all = now->at - before.at};

	/* Linux counts in hundredths of a second. */
	if (before.at != 0 && span.all < hz)
		return;
	if (before.at != 0 && now->busy_us >= before.busy_us && us < UINT32_MAX &&
	    now->away_ticks >= before.away_ticks) {
		span.busy = us * hz / 1000000;
		span.away = now->away_ticks - before.away_ticks;
		load_percent = hostreport_load(&span);
		has_load = true;
	}
	before = *now;
}

static enum caisson_status copy_in(uint64_t va) REQUIRES(slot_manage_lock)
{
	uint64_t pa;

	if (!slot_resolve(va, &pa) || !owner_is_service(&slot_owner, pa))
		return CAISSON_FAULT;
	memcpy(&incoming, (const void *)pa, sizeof(incoming));
	return slot_status(hostreport_clean(&incoming));
}

enum caisson_status uvm_host_report(struct vcpu *caller)
{
	uint64_t va = caller->x[3];
	enum caisson_status status;
	struct sums sums;

	if (!is_enabled)
		return CAISSON_BUSY;
	if (va % 8 != 0 || (va & 4095) + sizeof(struct host_report) > 4096)
		return CAISSON_INVALID;
	take_sums(&sums);
	lock_acquire(&slot_manage_lock);
	status = copy_in(va);
	if (status == CAISSON_OK) {
		lock_acquire(&report_lock);
		newest = incoming;
		arrived_at = sums.at;
		sums.busy_us = newest.busy_us;
		reckon_load(&sums);
		lock_release(&report_lock);
	}
	lock_release(&slot_manage_lock);
	return status;
}

bool hostreport_get(struct host_report *report, struct hostreport_info *info)
{
	bool is_there;

	lock_acquire(&report_lock);
	is_there = arrived_at != 0;
	*report = newest;
	info->age_ticks = inspect_now() - arrived_at;
	info->has_load = has_load;
	info->load_percent = load_percent;
	lock_release(&report_lock);
	return is_there;
}

void hostreport_ask(enum event_type request, uint32_t vm, uint32_t vcpu)
{
	event_post(request, vm, 1u << vcpu);
}
