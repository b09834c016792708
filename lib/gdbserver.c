/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/gdbserver.h"

#include "lib/text.h"

#include <string.h>

/* Linux' numbers, which GDB takes errors for (GDB manual, E.13.10 "Errno Values"). */
#define E_NOT_THERE  1  /* EPERM: no VM, no such thread; refused */
#define E_BAD_MEMORY 14 /* EFAULT */
#define E_BUSY       16
#define E_INVALID    22
#define E_NO_SPACE   28

#define SIGINT  2
#define SIGTRAP 5

/* A reply that takes no words. */
enum answer {
	ANSWER_REPLY, /* what is in s->reply */
	ANSWER_OK,
	ANSWER_UNKNOWN, /* the packet is none that is known: empty */
	ANSWER_LATER,   /* when the VM has stopped */
	ANSWER_NEVER,
	ANSWER_ERROR, /* + a number from above */
};

/* A packet or a query, without its name. */
typedef int packet_fn(struct gdbserver *s, struct gdbproto_text *t);

void gdbserver_init(struct gdbserver *s, const struct gdbserver_target *target, uint32_t vm)
{
	memset(s, 0, sizeof(*s));
	s->target = target;
	s->vm = vm;
}

/* --- sending --- */

static void send_reply(struct gdbserver *s)
{
	gdbproto_end(&s->reply);
	s->last_bytes = s->reply.count;
	s->target->send(s->target->ctx, s->reply.bytes, s->last_bytes);
}

static void send_byte(struct gdbserver *s, uint8_t byte)
{
	s->target->send(s->target->ctx, &byte, 1);
}

/* vCPU i of the VM is thread i + 1. */
static void put_thread(struct gdbserver *s, uint32_t vcpu)
{
	if (s->has_processes) {
		gdbproto_put(&s->reply, "p");
		gdbproto_put_number(&s->reply, s->vm + 1);
		gdbproto_put(&s->reply, ".");
	}
	gdbproto_put_number(&s->reply, vcpu + 1);
}

static void put_register(struct gdbserver *s, uint32_t vcpu, unsigned int number)
{
	uint8_t value[GDBREGS_MAX_BYTES];

	if (s->target->read(s->target->ctx, vcpu, number, value) == ERR_OK) {
		gdbproto_put_bytes(&s->reply, value, gdbregs_bytes(number));
		return;
	}
	for (size_t i = 0; i < gdbregs_bytes(number); i++)
		gdbproto_put(&s->reply, "xx"); /* not available */
}

static void put_cause(struct gdbserver *s, const struct gdbserver_stop *stop)
{
	static const char *const watch[GDBSERVER_POINTS] = {
		[GDBSERVER_WRITE] = "watch:",
		[GDBSERVER_READ] = "rwatch:",
		[GDBSERVER_ACCESS] = "awatch:",
	};

	if (stop->cause == GDBSERVER_AT_SOFTWARE) {
		gdbproto_put(&s->reply, "swbreak:;");
	} else if (stop->cause == GDBSERVER_AT_HARDWARE) {
		gdbproto_put(&s->reply, "hwbreak:;");
	} else if (stop->cause == GDBSERVER_WATCHED && watch[stop->point]) {
		gdbproto_put(&s->reply, watch[stop->point]);
		gdbproto_put_number(&s->reply, stop->address);
		gdbproto_put(&s->reply, ";");
	}
}

/* With the registers that each stop is looked at by first. */
static void put_stop(struct gdbserver *s)
{
	static const unsigned int wanted[] = {GDBREGS_X29, GDBREGS_SP, GDBREGS_PC};
	const struct gdbserver_stop *stop = &s->stop;
	unsigned int i;

	gdbproto_begin(&s->reply);
	gdbproto_put(&s->reply, stop->cause == GDBSERVER_INTERRUPTED ? "T02" : "T05");
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		gdbproto_put_number(&s->reply, wanted[i]);
		gdbproto_put(&s->reply, ":");
		put_register(s, stop->vcpu, wanted[i]);
		gdbproto_put(&s->reply, ";");
	}
	gdbproto_put(&s->reply, "thread:");
	put_thread(s, stop->vcpu);
	gdbproto_put(&s->reply, ";");
	put_cause(s, stop);
}

void gdbserver_stopped(struct gdbserver *s, const struct gdbserver_stop *stop)
{
	if (s->state != GDBSERVER_RUNNING && s->state != GDBSERVER_STOPPING)
		return;
	s->state = GDBSERVER_STOPPED;
	s->stop = *stop;
	s->thread = stop->vcpu;
	s->mover = stop->vcpu;
	put_stop(s);
	send_reply(s);
}

static void put_exited(struct gdbserver *s)
{
	gdbproto_begin(&s->reply);
	gdbproto_put(&s->reply, "W00");
	if (s->has_processes) {
		gdbproto_put(&s->reply, ";process:");
		gdbproto_put_number(&s->reply, s->vm + 1);
	}
}

void gdbserver_gone(struct gdbserver *s)
{
	bool is_awaited = s->state == GDBSERVER_RUNNING || s->state == GDBSERVER_STOPPING;

	s->state = GDBSERVER_DETACHED;
	if (!is_awaited)
		return;
	put_exited(s);
	send_reply(s);
}

/* --- what VMs there are --- */

/* The threads of the VM that is attached; 0: none is. */
static uint32_t vcpus(struct gdbserver *s)
{
	struct gdbserver_vm vm;

	if (s->state == GDBSERVER_DETACHED || !s->target->vm(s->target->ctx, s->vm, &vm))
		return 0;
	return vm.vcpus;
}

/* -1 and 0 are the first one, or the one that stopped last. */
static bool find_vcpu(struct gdbserver *s, const struct gdbproto_thread *thread, uint32_t *vcpu)
{
	uint32_t set = vcpus(s);

	if (thread->process > 0 && thread->process != (int64_t)s->vm + 1)
		return false;
	if (thread->thread <= 0) {
		*vcpu = s->stop.vcpu < GDBSERVER_MAX_VCPUS && (set >> s->stop.vcpu & 1)
				? s->stop.vcpu
			: set ? (uint32_t)__builtin_ctz(set)
			      : 0;
		return set != 0;
	}
	if (thread->thread > GDBSERVER_MAX_VCPUS || !(set >> (thread->thread - 1) & 1))
		return false;
	*vcpu = (uint32_t)(thread->thread - 1);
	return true;
}

static int attach(struct gdbserver *s, uint32_t vm)
{
	if (s->target->attach(s->target->ctx, vm) != ERR_OK)
		return ANSWER_ERROR + E_NOT_THERE;
	s->vm = vm;
	s->stop = (struct gdbserver_stop){0};
	s->state = GDBSERVER_STOPPING;
	s->target->stop(s->target->ctx);
	return ANSWER_LATER;
}

static void detach(struct gdbserver *s)
{
	if (s->state != GDBSERVER_DETACHED)
		s->target->detach(s->target->ctx);
	s->state = GDBSERVER_DETACHED;
}

/* --- stopping and going --- */

/* '?' */
static int why_stopped(struct gdbserver *s, struct gdbproto_text *t)
{
	switch (s->state) {
	case GDBSERVER_DETACHED:
		if (!s->is_extended)
			return attach(s, s->vm);
		gdbproto_put(&s->reply, "W00");
		return ANSWER_REPLY;
	case GDBSERVER_RUNNING: /* for a client that is gone */
		s->state = GDBSERVER_STOPPING;
		s->target->stop(s->target->ctx);
		return ANSWER_LATER;
	case GDBSERVER_STOPPED:
		put_stop(s);
		return ANSWER_REPLY;
	default:
		return ANSWER_LATER;
	}
}

static void interrupt(struct gdbserver *s)
{
	if (s->state != GDBSERVER_RUNNING)
		return;
	s->state = GDBSERVER_STOPPING;
	s->target->stop(s->target->ctx);
}

static int resume(struct gdbserver *s, const enum gdbserver_go *go)
{
	if (vcpus(s) == 0) {
		s->state = GDBSERVER_DETACHED;
		put_exited(s);
		return ANSWER_REPLY;
	}
	s->state = GDBSERVER_RUNNING;
	s->target->resume(s->target->ctx, go);
	return ANSWER_LATER;
}

/* 'c', 's', 'C', 'S' without an address: s is for one vCPU alone. */
static int go_simply(struct gdbserver *s, enum gdbserver_go how)
{
	enum gdbserver_go go[GDBSERVER_MAX_VCPUS];
	uint32_t i;

	for (i = 0; i < GDBSERVER_MAX_VCPUS; i++)
		go[i] = how == GDBSERVER_CONTINUE || i == s->mover ? how : GDBSERVER_STAY;
	return resume(s, go);
}

static int go_on(struct gdbserver *s, struct gdbproto_text *t)
{
	return t->left == 0 ? go_simply(s, GDBSERVER_CONTINUE) : ANSWER_UNKNOWN;
}

static int step(struct gdbserver *s, struct gdbproto_text *t)
{
	return t->left == 0 ? go_simply(s, GDBSERVER_STEP) : ANSWER_UNKNOWN;
}

/* A signal means nothing to a VM: C and S, and the same in vCont. */
static bool take_signal(struct gdbproto_text *t)
{
	uint8_t signal;

	return gdbproto_take_bytes(t, &signal, 1);
}

static int go_on_with_signal(struct gdbserver *s, struct gdbproto_text *t)
{
	return take_signal(t) ? go_on(s, t) : ANSWER_ERROR + E_INVALID;
}

static int step_with_signal(struct gdbserver *s, struct gdbproto_text *t)
{
	return take_signal(t) ? step(s, t) : ANSWER_ERROR + E_INVALID;
}

static bool take_action(struct gdbproto_text *t, enum gdbserver_go *how)
{
	if (gdbproto_take(t, "c") || (gdbproto_take(t, "C") && take_signal(t)))
		*how = GDBSERVER_CONTINUE;
	else if (gdbproto_take(t, "s") || (gdbproto_take(t, "S") && take_signal(t)))
		*how = GDBSERVER_STEP;
	else
		return false;
	return true;
}

/* vCont: the first action that names a thread, or all, is that thread's; without one it stays. */
static int go_each(struct gdbserver *s, struct gdbproto_text *t)
{
	enum gdbserver_go go[GDBSERVER_MAX_VCPUS] = {GDBSERVER_STAY};
	struct gdbproto_thread thread;
	enum gdbserver_go how;
	uint32_t done = 0, which, vcpu;

	while (t->left > 0) {
		if (!gdbproto_take(t, ";") || !take_action(t, &how))
			return ANSWER_ERROR + E_INVALID;
		which = UINT32_MAX;
		if (gdbproto_take(t, ":")) {
			if (!gdbproto_take_thread(t, &thread) || !find_vcpu(s, &thread, &vcpu))
				return ANSWER_ERROR + E_INVALID;
			which = thread.thread == GDBPROTO_ALL ? UINT32_MAX : UINT32_C(1) << vcpu;
		}
		which &= ~done;
		for (done |= which; which != 0; which &= which - 1)
			go[__builtin_ctz(which)] = how;
	}
	return done == 0 ? ANSWER_ERROR + E_INVALID : resume(s, go);
}

/* --- registers and memory --- */

static int read_registers(struct gdbserver *s, struct gdbproto_text *t)
{
	unsigned int i;

	for (i = 0; i <= GDBREGS_CPSR; i++)
		put_register(s, s->thread, i);
	return ANSWER_REPLY;
}

/* A register's new value in the packet. */
static int take_register(struct gdbserver *s, struct gdbproto_text *t, unsigned int number)
{
	uint8_t value[GDBREGS_MAX_BYTES];

	if (!gdbproto_take_bytes(t, value, gdbregs_bytes(number)) ||
	    s->target->write(s->target->ctx, s->thread, number, value) != ERR_OK)
		return ANSWER_ERROR + E_INVALID;
	return ANSWER_OK;
}

static int write_registers(struct gdbserver *s, struct gdbproto_text *t)
{
	unsigned int i;

	for (i = 0; i <= GDBREGS_CPSR; i++) {
		if (take_register(s, t, i) != ANSWER_OK)
			return ANSWER_ERROR + E_INVALID;
	}
	return ANSWER_OK;
}

static int read_register(struct gdbserver *s, struct gdbproto_text *t)
{
	uint64_t number;

	if (!gdbproto_take_number(t, &number) || number >= GDBREGS_COUNT)
		return ANSWER_ERROR + E_INVALID;
	put_register(s, s->thread, (unsigned int)number);
	return ANSWER_REPLY;
}

static int write_register(struct gdbserver *s, struct gdbproto_text *t)
{
	uint64_t number;

	if (!gdbproto_take_number(t, &number) || number >= GDBREGS_COUNT || !gdbproto_take(t, "="))
		return ANSWER_ERROR + E_INVALID;
	return take_register(s, t, (unsigned int)number);
}

/* "address,count" */
static bool take_range(struct gdbproto_text *t, uint64_t *address, uint64_t *count)
{
	return gdbproto_take_number(t, address) && gdbproto_take(t, ",") &&
	       gdbproto_take_number(t, count);
}

static int read_memory(struct gdbserver *s, struct gdbproto_text *t)
{
	uint64_t address, count;
	size_t done;

	if (!take_range(t, &address, &count))
		return ANSWER_ERROR + E_INVALID;
	if (count > sizeof(s->buffer))
		count = sizeof(s->buffer); /* less than asked for may be told */
	done = s->target->load(s->target->ctx, s->thread, address, s->buffer, count);
	if (done == 0 && count > 0)
		return ANSWER_ERROR + E_BAD_MEMORY;
	gdbproto_put_bytes(&s->reply, s->buffer, done);
	return ANSWER_REPLY;
}

static int store(struct gdbserver *s, uint64_t address, const uint8_t *from, size_t count)
{
	if (count > 0 && !s->target->store(s->target->ctx, s->thread, address, from, count))
		return ANSWER_ERROR + E_BAD_MEMORY;
	return ANSWER_OK;
}

static int write_memory(struct gdbserver *s, struct gdbproto_text *t)
{
	uint64_t address, count;

	if (!take_range(t, &address, &count) || !gdbproto_take(t, ":") ||
	    count > sizeof(s->buffer) || !gdbproto_take_bytes(t, s->buffer, count) || t->left != 0)
		return ANSWER_ERROR + E_INVALID;
	return store(s, address, s->buffer, count);
}

/* --- points --- */

static int point(struct gdbserver *s, struct gdbproto_text *t, bool set)
{
	uint64_t type, address, kind;

	if (!gdbproto_take_number(t, &type) || !gdbproto_take(t, ",") ||
	    !take_range(t, &address, &kind) || t->left != 0)
		return ANSWER_ERROR + E_INVALID;
	if (type >= GDBSERVER_POINTS)
		return ANSWER_UNKNOWN;
	switch (s->target->point(s->target->ctx, s->thread, (enum gdbserver_point)type, address,
				 kind, set)) {
	case ERR_OK:
		return ANSWER_OK;
	case ERR_UNSUPPORTED:
		return ANSWER_UNKNOWN;
	case ERR_RANGE:
		return ANSWER_ERROR + E_BAD_MEMORY;
	case ERR_NO_MEMORY:
		return ANSWER_ERROR + E_NO_SPACE;
	default:
		return ANSWER_ERROR + E_INVALID;
	}
}

static int set_point(struct gdbserver *s, struct gdbproto_text *t)
{
	return point(s, t, true);
}

static int clear_point(struct gdbserver *s, struct gdbproto_text *t)
{
	return point(s, t, false);
}

/* --- threads --- */

static int choose_thread(struct gdbserver *s, struct gdbproto_text *t)
{
	struct gdbproto_thread thread;
	bool for_moves = gdbproto_take(t, "c");
	uint32_t vcpu;

	if (!for_moves && !gdbproto_take(t, "g"))
		return ANSWER_UNKNOWN;
	if (!gdbproto_take_thread(t, &thread) || !find_vcpu(s, &thread, &vcpu))
		return ANSWER_ERROR + E_NOT_THERE;
	if (for_moves)
		s->mover = vcpu;
	else
		s->thread = vcpu;
	return ANSWER_OK;
}

static int is_thread_there(struct gdbserver *s, struct gdbproto_text *t)
{
	struct gdbproto_thread thread;
	uint32_t vcpu;

	return gdbproto_take_thread(t, &thread) && find_vcpu(s, &thread, &vcpu)
		       ? ANSWER_OK
		       : ANSWER_ERROR + E_NOT_THERE;
}

static int thread_list_more(struct gdbserver *s, struct gdbproto_text *t)
{
	uint32_t left = vcpus(s) & ~s->told;
	const char *before = "m";

	if (left == 0) {
		gdbproto_put(&s->reply, "l");
		return ANSWER_REPLY;
	}
	s->told |= left;
	for (; left != 0; left &= left - 1) {
		gdbproto_put(&s->reply, before);
		put_thread(s, (uint32_t)__builtin_ctz(left));
		before = ",";
	}
	return ANSWER_REPLY;
}

static int thread_list(struct gdbserver *s, struct gdbproto_text *t)
{
	s->told = 0;
	return thread_list_more(s, t);
}

/* What `info threads` says of one. */
static int thread_text(struct gdbserver *s, struct gdbproto_text *t)
{
	char text[] = "vCPU 00";
	struct gdbproto_thread thread;
	uint32_t vcpu;

	if (!gdbproto_take_thread(t, &thread) || !find_vcpu(s, &thread, &vcpu))
		return ANSWER_ERROR + E_NOT_THERE;
	text[5] = (char)('0' + vcpu / 10);
	text[6] = (char)('0' + vcpu % 10);
	if (vcpu < 10) {
		text[5] = text[6];
		text[6] = '\0';
	}
	gdbproto_put_hex_text(&s->reply, text);
	return ANSWER_REPLY;
}

static int current_thread(struct gdbserver *s, struct gdbproto_text *t)
{
	gdbproto_put(&s->reply, "QC");
	put_thread(s, s->thread);
	return ANSWER_REPLY;
}

/* --- longer texts --- */

static uint32_t count_of(uint32_t set)
{
	uint32_t count = 0;

	for (; set != 0; set &= set - 1)
		count++;
	return count;
}

static void put_vms(struct gdbserver *s)
{
	struct gdbserver_vm vm;
	uint32_t i;

	gdbproto_put(&s->reply, "<?xml version=\"1.0\"?>\n<!DOCTYPE osdata SYSTEM \"osdata.dtd\">\n"
				"<osdata type=\"processes\">\n");
	for (i = 0; i < s->target->vms; i++) {
		if (!s->target->vm(s->target->ctx, i, &vm))
			continue;
		gdbproto_put(&s->reply, "<item><column name=\"pid\">");
		gdbproto_put_decimal(&s->reply, i + 1);
		gdbproto_put(&s->reply, "</column><column name=\"user\">caisson</column>"
					"<column name=\"command\">");
		gdbproto_put(&s->reply, vm.name);
		gdbproto_put(&s->reply, "</column><column name=\"cores\">");
		gdbproto_put_decimal(&s->reply, count_of(vm.vcpus));
		gdbproto_put(&s->reply, "</column></item>\n");
	}
	gdbproto_put(&s->reply, "</osdata>\n");
}

/* qXfer:OBJECT:read:ANNEX:offset,length */
static int transfer(struct gdbserver *s, struct gdbproto_text *t)
{
	bool is_target = gdbproto_take(t, "features:read:target.xml:");
	bool is_vms = !is_target && gdbproto_take(t, "osdata:read:processes:");
	uint64_t offset, length;

	if (!is_target && !is_vms)
		return gdbproto_take(t, "features:read:") || gdbproto_take(t, "osdata:read:")
			       ? ANSWER_ERROR + 0
			       : ANSWER_UNKNOWN;
	if (!take_range(t, &offset, &length))
		return ANSWER_ERROR + E_INVALID;
	gdbproto_window_begin(&s->reply, offset, length);
	if (is_target)
		gdbregs_put_xml(&s->reply);
	else
		put_vms(s);
	gdbproto_window_end(&s->reply);
	return ANSWER_REPLY;
}

/* --- monitor --- */

static const char help_text[] =
	"monitor vms     the VMs that there are, by number\n"
	"monitor vm N    debugs VM N (or: service) instead; it stops. Then connect anew:\n"
	"                `disconnect`, `target remote ...`. With `target extended-remote`\n"
	"                `attach N+1` does all of that, and `info os processes` lists VMs.\n";

static void put_vms_text(struct gdbserver *s)
{
	struct gdbserver_vm vm;
	uint32_t i;

	for (i = 0; i < s->target->vms; i++) {
		char number[] = "  00  ";

		if (!s->target->vm(s->target->ctx, i, &vm))
			continue;
		number[0] = i == s->vm ? '*' : ' ';
		number[2] = i < 10 ? ' ' : (char)('0' + i / 10 % 10);
		number[3] = (char)('0' + i % 10);
		gdbproto_put_hex_text(&s->reply, number);
		gdbproto_put_hex_text(&s->reply, vm.name);
		gdbproto_put_hex_text(&s->reply, vm.vcpus ? "\n" : " (no vCPU has begun)\n");
	}
}

/* A decimal number, or "service". */
static bool take_vm(struct gdbserver *s, struct gdbproto_text *t, uint32_t *number)
{
	bool is_service = gdbproto_take(t, "service");
	struct gdbserver_vm vm;
	uint32_t i, digits = 0;

	for (*number = 0; !is_service && t->left > 0 && digits < 3; digits++, t->at++, t->left--) {
		if (*t->at < '0' || *t->at > '9')
			return false;
		*number = *number * 10 + (uint32_t)(*t->at - '0');
	}
	if (t->left > 0)
		return false;
	for (i = 0; i < s->target->vms; i++) {
		if (s->target->vm(s->target->ctx, i, &vm) &&
		    (is_service ? vm.is_service : digits > 0 && i == *number)) {
			*number = i;
			return true;
		}
	}
	return false;
}

static void choose_vm(struct gdbserver *s, struct gdbproto_text *t)
{
	uint32_t number;

	if (!take_vm(s, t, &number)) {
		gdbproto_put_hex_text(&s->reply,
				      "There is no such VM; `monitor vms` lists them.\n");
		return;
	}
	if (number == s->vm) {
		gdbproto_put_hex_text(&s->reply, "That is the one.\n");
		return;
	}
	detach(s);
	s->vm = number;
	gdbproto_put_hex_text(
		&s->reply, "Chosen. Now `disconnect`, and connect with `target remote` again.\n");
}

/* qRcmd,TEXT in hexadecimal */
static int monitor(struct gdbserver *s, struct gdbproto_text *t)
{
	uint8_t line[40];
	struct gdbproto_text command = {line, t->left / 2};

	if (t->left % 2 != 0 || command.left > sizeof(line) ||
	    !gdbproto_take_bytes(t, line, command.left))
		return ANSWER_ERROR + E_INVALID;
	if (gdbproto_take(&command, "vms") && command.left == 0)
		put_vms_text(s);
	else if (gdbproto_take(&command, "vm "))
		choose_vm(s, &command);
	else
		gdbproto_put_hex_text(&s->reply, help_text);
	return ANSWER_REPLY;
}

/* --- the session --- */

/* A client comes: whatever the one before had agreed upon is void. */
static int supported(struct gdbserver *s, struct gdbproto_text *t)
{
	size_t i;

	if (s->no_acks)
		send_byte(s, '+');
	s->no_acks = false;
	s->is_extended = false;
	s->has_processes = false;
	for (i = 0; i < t->left; i++) {
		struct gdbproto_text rest = {t->at + i, t->left - i};

		if (gdbproto_take(&rest, "multiprocess+"))
			s->has_processes = true;
	}
	gdbproto_put(&s->reply, "PacketSize=");
	gdbproto_put_number(&s->reply, GDBPROTO_PACKET_BYTES);
	gdbproto_put(&s->reply, ";QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+;"
				"qXfer:features:read+;qXfer:osdata:read+");
	if (s->has_processes)
		gdbproto_put(&s->reply, ";multiprocess+");
	return ANSWER_REPLY;
}

static int no_acks(struct gdbserver *s, struct gdbproto_text *t)
{
	s->no_acks = true;
	return ANSWER_OK;
}

static int extended(struct gdbserver *s, struct gdbproto_text *t)
{
	s->is_extended = true;
	return ANSWER_OK;
}

static int attached(struct gdbserver *s, struct gdbproto_text *t)
{
	gdbproto_put(&s->reply, "1");
	return ANSWER_REPLY;
}

static int actions(struct gdbserver *s, struct gdbproto_text *t)
{
	gdbproto_put(&s->reply, "vCont;c;C;s;S");
	return ANSWER_REPLY;
}

static int attach_process(struct gdbserver *s, struct gdbproto_text *t)
{
	uint64_t process;

	if (!gdbproto_take_number(t, &process) || process == 0 || process > s->target->vms)
		return ANSWER_ERROR + E_NOT_THERE;
	if (s->state != GDBSERVER_DETACHED && s->vm == process - 1)
		return why_stopped(s, t);
	detach(s);
	return attach(s, (uint32_t)process - 1);
}

static int detach_process(struct gdbserver *s, struct gdbproto_text *t)
{
	uint64_t process = s->vm + 1;

	if (gdbproto_take(t, ";") && !gdbproto_take_number(t, &process))
		return ANSWER_ERROR + E_INVALID;
	if (process != s->vm + 1 || s->state == GDBSERVER_DETACHED)
		return ANSWER_ERROR + E_NOT_THERE;
	detach(s);
	return ANSWER_OK;
}

/* A VM is not the debugger's to kill. */
static int refuse(struct gdbserver *s, struct gdbproto_text *t)
{
	return ANSWER_ERROR + E_NOT_THERE;
}

/* 'k' has no answer, and the client takes the VM for gone: it goes on without it. */
static int leave(struct gdbserver *s, struct gdbproto_text *t)
{
	detach(s);
	return ANSWER_NEVER;
}

enum { ANYTIME = 1, STOPPED = 2 };

/*
 * The first row that the packet begins with. Binary downloads (X) are not among them: on a line
 * with consoles, one of their bytes may be the escape key.
 */
static const struct {
	const char *name;
	packet_fn *serve;
	int when; /* STOPPED: only while the VM is attached and stopped */
} packets[] = {
	{"?", why_stopped, ANYTIME},
	{"g", read_registers, STOPPED},
	{"G", write_registers, STOPPED},
	{"p", read_register, STOPPED},
	{"P", write_register, STOPPED},
	{"m", read_memory, STOPPED},
	{"M", write_memory, STOPPED},
	{"Z", set_point, STOPPED},
	{"z", clear_point, STOPPED},
	{"vCont?", actions, ANYTIME},
	{"vCont", go_each, STOPPED},
	{"c", go_on, STOPPED},
	{"s", step, STOPPED},
	{"C", go_on_with_signal, STOPPED},
	{"S", step_with_signal, STOPPED},
	{"H", choose_thread, ANYTIME},
	{"T", is_thread_there, ANYTIME},
	{"qfThreadInfo", thread_list, ANYTIME},
	{"qsThreadInfo", thread_list_more, ANYTIME},
	{"qThreadExtraInfo,", thread_text, ANYTIME},
	{"qC", current_thread, STOPPED},
	{"qXfer:", transfer, ANYTIME},
	{"qRcmd,", monitor, ANYTIME},
	{"qSupported", supported, ANYTIME},
	{"qAttached", attached, ANYTIME},
	{"QStartNoAckMode", no_acks, ANYTIME},
	{"!", extended, ANYTIME},
	{"vAttach;", attach_process, ANYTIME},
	{"vKill;", refuse, ANYTIME},
	{"D", detach_process, ANYTIME},
	{"k", leave, ANYTIME},
};

static int serve(struct gdbserver *s, struct gdbproto_text *t)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(packets); i++) {
		if (!gdbproto_take(t, packets[i].name))
			continue;
		if (packets[i].when == STOPPED && s->state != GDBSERVER_STOPPED)
			return ANSWER_ERROR +
			       (s->state == GDBSERVER_DETACHED ? E_NOT_THERE : E_BUSY);
		return packets[i].serve(s, t);
	}
	return ANSWER_UNKNOWN;
}

static void put_error(struct gdbserver *s, unsigned int number)
{
	char text[] = "E00";

	text[1] = (char)('0' + number / 10);
	text[2] = (char)('0' + number % 10);
	gdbproto_put(&s->reply, text);
}

static void packet(struct gdbserver *s)
{
	struct gdbproto_text text = {s->receiver.packet, s->receiver.count};
	int answer;

	if (!s->no_acks)
		send_byte(s, '+');
	s->last_bytes = 0;
	gdbproto_begin(&s->reply);
	answer = serve(s, &text);
	if (answer == ANSWER_LATER || answer == ANSWER_NEVER)
		return;
	if (answer != ANSWER_REPLY)
		gdbproto_begin(&s->reply);
	if (answer == ANSWER_OK)
		gdbproto_put(&s->reply, "OK");
	else if (answer >= ANSWER_ERROR)
		put_error(s, (unsigned int)(answer - ANSWER_ERROR));
	send_reply(s);
}

void gdbserver_input(struct gdbserver *s, const uint8_t *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		switch (gdbproto_receive(&s->receiver, bytes[i])) {
		case GDBPROTO_PACKET:
			packet(s);
			break;
		case GDBPROTO_BROKEN:
			if (!s->no_acks)
				send_byte(s, '-');
			break;
		case GDBPROTO_NACK:
			if (!s->no_acks && s->last_bytes > 0)
				s->target->send(s->target->ctx, s->reply.bytes, s->last_bytes);
			break;
		case GDBPROTO_INTERRUPT:
			interrupt(s);
			break;
		default:
			break;
		}
	}
}
