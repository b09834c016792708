/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host UI's console. Input and the tick may come on several CPUs at once: as with the shell,
 * one of them does the work and the others leave word that there is more.
 */
#include "hyp/console/hostui.h"

#include "hyp/console/consoles.h"
#include "hyp/console/turn.h"
#include "hyp/console/uvcon.h"
#include "hyp/console/vcon.h"
#include "hyp/core/log.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/hostreport.h"
#include "hyp/vm/inspect.h"
#include "lib/fmt.h"
#include "lib/hostui.h"
#include "lib/text.h"

#include <string.h>

#define HOSTUI_KEY '0'
#define CONSOLE_ID 0x100 /* from here on: ids of rows that are consoles only */
#define OFF_ID     0x200 /* and of VMs that do not run */
#define LOST_S     20    /* a report each 3 s is due: abi/hostreport.h */
#define ANSWER_S   20    /* patience with caissond after a request */

static struct {
	struct turn turn; /* who serves */
	bool is_due;      /* the snapshot is to be made anew; any CPU sets it */
	struct vcon *console;
	struct termkey keys;
	struct hostui ui;
	/* As of the snapshot before, in ticks. */
	uint64_t looked_at;
	uint64_t user_ticks[HOSTUI_CPUS_MAX];
	uint64_t slept_ticks[HOSTUI_CPUS_MAX];
	uint64_t loaded_ticks[HOSTUI_CPUS_MAX]; /* of the vCPU on a CPU that is not the service VM's
						 */
	uint64_t vm_ticks[CAISSON_MAX_VMS];
	/* Of caissond. */
	struct host_report report;
	bool is_reported;      /* there has been one: what is in `report` */
	uint64_t asked_at;     /* 0: no answer is waited for */
	uint32_t message_seen; /* serial number */
	char message[HOST_REPORT_MESSAGE_BYTES];
	/* What is to be written. */
	size_t used;
	uint8_t out[VCON_WRITE_BYTES];
} host;

_Static_assert(HOSTUI_CPUS_MAX >= BOOT_MAX_CPUS, "each CPU has its place");
_Static_assert(HOSTUI_ROWS_MAX >= INSPECT_VMS + HOST_REPORT_VMS + VCON_MAX,
	       "each VM and console has its place");
_Static_assert(HOST_REPORT_GUESTS == CAISSON_MAX_VMS, "a guest for each VM's number");
_Static_assert(HOSTUI_NAME_BYTES >= HOST_REPORT_VM_BYTES, "names fit");
_Static_assert(HOSTUI_NAME_BYTES >= INSPECT_NAME_BYTES && HOSTUI_NAME_BYTES >= VCON_NAME_BYTES,
	       "names fit");
_Static_assert(HOSTUI_COLUMNS_MAX <= VCON_WRITE_BYTES, "a row of the screen fits");

/* --- the snapshot --- */

/* Of a counter that may have begun anew, as a new VM's in an old one's place. */
static uint64_t since(uint64_t now, uint64_t *before)
{
	uint64_t ticks = now < *before ? now : now - *before;

	*before = now;
	return ticks;
}

static uint32_t percent(uint64_t ticks, uint64_t all)
{
	return all < 100 ? 0 : (uint32_t)(ticks / (all / 100));
}

static uint8_t percent_at_most(uint64_t ticks, uint64_t all, uint32_t most)
{
	uint32_t n = percent(ticks, all);

	return (uint8_t)(n < most ? n : most);
}

/*
 * What is not accounted for is the service VM's, if it has the CPU. If not, a vCPU may run or wait
 * there for long before its CPU's account is closed; the vCPU's own tells how long it ran until
 * now.
 */
static void look_at_cpu(uint32_t i, struct hostui_cpu *to, uint64_t all)
{
	uint64_t user, slept;
	struct inspect_vcpu vcpu;
	struct inspect_cpu c;

	if (inspect_cpu(i, &c) != ERR_OK)
		return;
	user = since(c.user_ticks, &host.user_ticks[i]);
	slept = since(c.slept_ticks, &host.slept_ticks[i]);
	if (!c.is_on && c.vm != INSPECT_SERVICE_VM && inspect_vcpu(c.vm, c.vcpu, &vcpu) == ERR_OK)
		user = since(vcpu.cpu_ticks, &host.loaded_ticks[i]);
	to->user = percent_at_most(user, all, 100);
	to->asleep =
		c.is_on ? percent_at_most(slept, all, 100u - to->user) : (uint8_t)(100 - to->user);
	to->service = (uint8_t)(100 - to->user - to->asleep);
}

static const char *state_of(const struct inspect_vm *vm, uint64_t ticks)
{
	if (!vm->is_user)
		return vm->running > 0 ? "running" : "stopped";
	if (vm->is_ending || vm->vcpu_count == 0)
		return "ending";
	return ticks > 0 ? "running" : "idle";
}

static void look_at_vm(struct hostui_snapshot *now, const struct inspect_vm *vm, uint64_t all)
{
	struct hostui_row *r = &now->row[now->row_count++];
	uint64_t ticks = vm->is_user ? since(vm->cpu_ticks, &host.vm_ticks[vm->number]) : 0;

	*r = (struct hostui_row){.id = vm->number, .is_vm = true, .is_user = vm->is_user};
	r->key = vm->is_user ? uvcon_key(vm->number) : '1';
	memcpy(r->name, vm->name, INSPECT_NAME_BYTES);
	r->state = state_of(vm, ticks);
	r->vcpus = vm->vcpu_count;
	r->memory_bytes = vm->memory_bytes;
	r->cpu_ms = vm->cpu_ticks / (inspect_hz() / 1000);
	if (vm->is_user) {
		r->has_load = true;
		r->load_percent = percent(ticks, all);
		now->user_bytes += vm->memory_bytes;
		now->store_bytes += vm->store_bytes;
	}
}

/* What caissond has said to a request, or that it says nothing. */
static void look_for_answer(uint64_t now)
{
	if (host.report.message_serial != host.message_seen) {
		host.message_seen = host.report.message_serial;
		if (host.report.message[0] == '\0')
			return;
		host.asked_at = 0;
		memcpy(host.message, host.report.message, sizeof(host.message));
		host.ui.message = host.message;
	} else if (host.asked_at != 0 && now - host.asked_at > ANSWER_S * inspect_hz()) {
		host.asked_at = 0;
		host.ui.message = "caissond has not answered.";
	}
}

/* service: the service VM's row. Only VMs' rows are there yet. */
static void look_at_report(struct hostui_snapshot *now, struct hostui_row *service)
{
	struct hostreport_info info;
	uint32_t i;

	if (!hostreport_get(&host.report, &info))
		return;
	/* An answer from before anybody looked is nobody's. */
	if (!host.is_reported)
		host.message_seen = host.report.message_serial;
	host.is_reported = true;
	look_for_answer(inspect_now());
	now->is_manager_lost = info.age_ticks > LOST_S * inspect_hz();
	if (now->is_manager_lost)
		return;
	now->has_manager = true;
	now->host_name = host.report.name;
	now->host_address = host.report.address;
	now->machine = host.report.machine;
	now->off_left_out = host.report.off_left_out;
	service->has_load = info.has_load;
	service->load_percent = info.load_percent;
	for (i = 0; i < now->row_count; i++) {
		struct hostui_row *r = &now->row[i];

		if (!r->is_user)
			continue;
		r->os = host.report.guest[r->id].os;
		r->address = host.report.guest[r->id].address;
	}
	for (i = 0; i < host.report.off_count; i++) {
		struct hostui_row *r = &now->row[now->row_count++];

		*r = (struct hostui_row){
			.id = OFF_ID + i, .is_vm = true, .is_user = true, .is_off = true};
		r->state = "off";
		memcpy(r->name, host.report.off[i], HOST_REPORT_VM_BYTES);
	}
}

/* The VM's row that has this console, or NULL. Only VMs' rows are there yet. */
static struct hostui_row *row_of(struct hostui_snapshot *now, uint32_t vms, char key)
{
	uint32_t i;

	for (i = 0; key && i < vms; i++) {
		if (now->row[i].key == key)
			return &now->row[i];
	}
	return NULL;
}

static void look_at_consoles(struct hostui_snapshot *now)
{
	uint32_t vms = now->row_count, i;
	struct vcon_info info;
	struct hostui_row *r;

	for (i = 0; i < VCON_MAX; i++) {
		if (!vcon_info(i, &info) || info.key == HOSTUI_KEY)
			continue;
		r = row_of(now, vms, info.key);
		if (!r) {
			r = &now->row[now->row_count++];
			*r = (struct hostui_row){.id = CONSOLE_ID + i, .key = info.key};
			memcpy(r->name, info.name, VCON_NAME_BYTES);
		}
		r->port = info.port;
	}
}

static void look(void)
{
	struct hostui_snapshot *now = &host.ui.now;
	const struct bootinfo *bi = inspect_boot();
	uint64_t all = since(inspect_now(), &host.looked_at);
	struct inspect_vm vm;
	uint32_t i;

	*now = (struct hostui_snapshot){.version = CAISSON_VERSION};
	now->uptime_s = inspect_uptime_ticks() / inspect_hz();
	for (i = 0; i < bi->ram_count; i++)
		now->memory_bytes += bi->ram[i].bytes;
	now->own_bytes = bi->kept.bytes;
	now->errors = log_lines(LOG_ERROR);
	now->warnings = log_lines(LOG_WARN);
	now->cpus_left_out = bi->cpus_left_out;
	now->cpu_count = percpu_count();
	for (i = 0; i < now->cpu_count; i++)
		look_at_cpu(i, &now->cpu[i], all);
	if (inspect_vm(INSPECT_SERVICE_VM, &vm) == ERR_OK)
		look_at_vm(now, &vm, all);
	for (i = 0; i < CAISSON_MAX_VMS; i++) {
		if (inspect_vm(i, &vm) == ERR_OK)
			look_at_vm(now, &vm, all);
	}
	look_at_report(now, &now->row[0]);
	look_at_consoles(now);
	hostui_update(&host.ui);
}

/* --- the console --- */

static void flush(void)
{
	(void)vcon_write(host.console, host.out, host.used);
	host.used = 0;
}

static void put(void *ctx, const char *text, size_t bytes)
{
	if (host.used + bytes > sizeof(host.out))
		flush();
	memcpy(host.out + host.used, text, bytes);
	host.used += bytes;
}

static void show(void)
{
	unsigned int columns, rows;

	vcon_size(host.console, &columns, &rows);
	hostui_resize(&host.ui, columns, rows);
	hostui_show(&host.ui, put, NULL);
	flush();
}

static void power_off(bool reset)
{
	host.ui.message = reset ? "The machine starts anew." : "The machine goes off.";
	show();
	inspect_power_off(reset);
	host.ui.message = "The firmware refused.";
}

/* For the VM of the row that is chosen, whose number may be another's since the table was made. */
static void ask_caissond(enum event_type what, const char *doing)
{
	const struct hostui_row *r = &host.ui.now.row[host.ui.chosen];
	struct inspect_vm vm;

	if (what == EVENT_START) {
		hostreport_ask(what, host.report.off_serial % CAISSON_MAX_VMS, r->id - OFF_ID);
	} else if (inspect_vm(r->id, &vm) == ERR_OK && text_is(r->name, vm.name)) {
		hostreport_ask(what, r->id, 0);
	} else {
		host.ui.message = "It has just ended.";
		return;
	}
	host.asked_at = inspect_now();
	(void)fmt_snprintf(host.message, sizeof(host.message), "%s %s ...", doing, r->name);
	host.ui.message = host.message;
}

static void key(const struct termkey_token *token)
{
	enum hostui_request request;
	char console;

	request = hostui_key(&host.ui, token, &console);
	switch (request) {
	case HOSTUI_NOTHING:
		break;
	case HOSTUI_SHOW:
		if (!vcon_show(host.console, console))
			host.ui.message = "Another port shows this console, or it is gone.";
		break;
	case HOSTUI_RESTART:
	case HOSTUI_POWER_OFF:
		power_off(request == HOSTUI_RESTART);
		break;
	case HOSTUI_VM_START:
		ask_caissond(EVENT_START, "Starting");
		break;
	case HOSTUI_VM_STOP:
		ask_caissond(EVENT_STOP, "Stopping");
		break;
	case HOSTUI_VM_RESTART:
		ask_caissond(EVENT_RESTART, "Restarting");
		break;
	}
}

static void serve(void)
{
	struct termkey_token token;
	uint8_t bytes[32];
	size_t count;

	if (__atomic_exchange_n(&host.is_due, false, __ATOMIC_ACQ_REL)) {
		look();
		/* Nothing has come after an ESC for up to a second. */
		if (termkey_flush(&host.keys, &token))
			key(&token);
	}
	while ((count = vcon_take_input(host.console, bytes, sizeof(bytes))) > 0) {
		const uint8_t *next = bytes;

		while (termkey_next(&host.keys, &next, &count, &token))
			key(&token);
	}
	show();
}

static void poke(void *ctx)
{
	turn_serve(&host.turn, serve);
}

static void resized(void *ctx, unsigned int columns, unsigned int rows)
{
	poke(ctx);
}

static void tick(void *ctx)
{
	__atomic_store_n(&host.is_due, true, __ATOMIC_RELEASE);
	poke(ctx);
}

void hostui_start(void)
{
	static const struct vcon_client client = {.input = poke, .resized = resized, .tick = tick};

	termkey_init(&host.keys);
	hostui_init(&host.ui);
	host.console =
		consoles_add("hostui", HOSTUI_KEY, 0, VCON_NO_ALTERNATE | VCON_NO_HISTORY, &client);
	hostreport_enable();
}
