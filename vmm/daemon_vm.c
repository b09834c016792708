// SPDX-License-Identifier: BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/machine.h"
#include "vmm/paths.h"
#include "vmm/say.h"

/*
 * A VM's way: create (files, mapped and pinned), start (EL2 makes it, its memory is shared), end
 * (EL2 lets go of it), start again when it was reset, and in the end the burial: EL2 lets go,
 * the pages are scrubbed, the files unlinked. The state file is written with the files and removed
 * after them, so that EL2 has no VM that a next caissond does not know. Of start and end it says
 * nothing: which number the VM has, if any, EL2 tells by the tag, and whose a token is it tells
 * too. So there is no moment in between at which a caissond that dies leaves something wrong.
 */

/* A block that EL2 keeps the VM in, and one for its console. */
#define STORE_BYTES (2 * CAISSON_BLOCK_BYTES)
/* What surely is left of the former for tables of pages: of 512, beside 32 vCPUs and stage 2. */
#define STORE_SPARE_PAGES 384

#define REGIONS_MAX  4
#define RETRY_MS     1 /* EL2 is busy with the VM, or there is a piece to scrub */
#define TROUBLE_MS   1000
#define RECONNECT_MS 30000 /* for VMMs to find a new caissond */

struct daemon_vm *daemon_find_vm(struct daemon *d, const char *name)
{
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] != NULL && strcmp(d->vm[i]->name, name) == 0)
			return d->vm[i];
	}
	return NULL;
}

bool daemon_has_vms(const struct daemon *d)
{
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] != NULL)
			return true;
	}
	return false;
}

/* ---- the table --------------------------------------------------------------------------- */

/* A new, empty VM in a free place; NULL: there is none. */
static struct daemon_vm *add_vm(struct daemon *d)
{
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		struct daemon_vm *vm;

		if (d->vm[i] != NULL)
			continue;
		vm = calloc(1, sizeof(*vm));
		if (vm == NULL)
			return NULL;
		vm->daemon = d;
		vm->pidfd = -1;
		vm->pages = (struct pages){.store.fd = -1, .mem.fd = -1, .ring = -1};
		d->vm[i] = vm;
		return vm;
	}
	return NULL;
}

/* All it had has been let go. */
static void drop_vm(struct daemon_vm *vm)
{
	struct daemon *d = vm->daemon;

	loop_remove(&vm->died);
	loop_remove(&vm->timer);
	if (vm->pidfd >= 0)
		(void)close(vm->pidfd);
	if (vm->client != NULL) {
		vm->client->vm = NULL;
		wire_end(&vm->client->wire); /* which is how the VMM hears of it */
	}
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] == vm)
			d->vm[i] = NULL;
	}
	json_decref(vm->create_id);
	free(vm);
	if (d->stopping && !daemon_has_vms(d))
		loop_stop(&d->loop);
}

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void on_died(void *arg, unsigned int events)
{
	struct daemon_vm *vm = arg;

	say("%s: its process has ended", vm->name);
	daemon_bury(vm);
}

void daemon_kill(struct daemon_vm *vm)
{
	if (vm->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, vm->pidfd, SIGKILL, NULL, 0);
	if (vm->client != NULL) {
		vm->client->vm = NULL;
		wire_end(&vm->client->wire);
		vm->client = NULL;
		/* Not when the connection closes: another process may have that, too. */
		if (!vm->ending && vm->pidfd >= 0 &&
		    loop_add_fd(&vm->daemon->loop, &vm->died, vm->pidfd, LOOP_READ, on_died, vm) ==
			    ERR_OK)
			return;
	}
	daemon_bury(vm);
}

/* ---- the end ----------------------------------------------------------------------------- */

static void tell_trouble(struct daemon_vm *vm, const char *what, enum caisson_status status)
{
	if (!vm->trouble_told)
		say("%s: %s: %s; its memory is kept", vm->name, what, hyp_status_text(status));
	vm->trouble_told = true;
}

/* One step of the burial; returns after how long there is another, or -1 when it is over. */
static int64_t bury_step(struct daemon_vm *vm)
{
	enum caisson_status status;

	if (vm->made) {
		status = hyp_vm_destroy_some(&vm->daemon->management, vm->number);
		if (status == CAISSON_CONTINUE || status == CAISSON_BUSY)
			return status == CAISSON_BUSY ? RETRY_MS : 0;
		if (status != CAISSON_OK && status != CAISSON_STATE) {
			tell_trouble(vm, "cannot end the virtual machine", status);
			return TROUBLE_MS;
		}
		vm->made = false;
	}
	/* Nobody has had memory that was never made whole. */
	if (vm->pages.mem.start != NULL && !vm->making &&
	    !pages_scrub_some(&vm->pages, &vm->scrubbed))
		return 0;
	return -1;
}

static void on_bury(void *arg, unsigned int events)
{
	struct daemon_vm *vm = arg;
	struct daemon *d = vm->daemon;
	int64_t after = bury_step(vm);

	if (after >= 0) {
		if (loop_start_timer(&vm->timer, (uint64_t)after) != ERR_OK)
			say("%s: cannot start a timer; its memory is kept", vm->name);
		return;
	}
	daemon_return_cpus(vm);
	pages_remove(&vm->pages, vm->name);
	daemon_remove_folder(vm);
	daemon_forget(vm);
	say("%s has ended", vm->name);
	daemon_has_ended(vm);
	drop_vm(vm);
	if (loop_start_timer(&d->pool, 0) != ERR_OK)
		say("cannot start a timer");
}

void daemon_bury(struct daemon_vm *vm)
{
	if (vm->ending)
		return;
	vm->ending = true;
	loop_remove(&vm->died);
	loop_remove(&vm->timer);
	if (loop_add_timer(&vm->daemon->loop, &vm->timer, on_bury, vm) != ERR_OK ||
	    loop_start_timer(&vm->timer, 0) != ERR_OK)
		say("cannot start a timer");
}

/* ---- create ------------------------------------------------------------------------------ */

/* The one asked for, or the first free of vm1, vm2 and so on; NULL and an error text. */
static const char *choose_name(struct rpc_call *call)
{
	struct daemon *d = ((struct daemon_client *)call->client)->daemon;
	static char name[CONFIG_NAME_BYTES];

	if (json_object_get(call->arguments, "name") != NULL)
		return rpc_text(call, "name");
	for (uint32_t i = 1; i <= CAISSON_MAX_VMS; i++) {
		(void)snprintf(name, sizeof(name), "vm%u", i);
		if (daemon_find_vm(d, name) == NULL)
			break;
	}
	return name;
}

static enum err check_create(struct rpc_call *call, const char **name, uint64_t *cpus,
			     uint64_t *ram_bytes, uint64_t *mem_bytes)
{
	struct daemon_client *client = call->client;

	*name = choose_name(call);
	if (*name == NULL || !rpc_number(call, "cpus", cpus) ||
	    !rpc_number(call, "ram", ram_bytes) || !rpc_number(call, "mem", mem_bytes))
		return ERR_INVALID;
	if (!config_is_name(*name))
		return rpc_fail(call, ERR_INVALID, "'%s' is not a name", *name);
	if (*cpus == 0 || *cpus > CAISSON_MAX_VCPUS || *mem_bytes == 0 ||
	    *mem_bytes % CAISSON_BLOCK_BYTES != 0 || *mem_bytes > CAISSON_VM_IPA_BYTES)
		return rpc_fail(call, ERR_RANGE, "%s: vCPUs or memory out of range", *name);
	if (client->vm != NULL)
		return rpc_fail(call, ERR_BUSY, "this connection has a virtual machine");
	if (client->daemon->stopping)
		return rpc_fail(call, ERR_BUSY, "caissond is ending");
	if (daemon_find_vm(client->daemon, *name) != NULL)
		return rpc_fail(call, ERR_BUSY,
				"there is a virtual machine called %s: choose another --name, or "
				"stop that one (caisson stop %s)",
				*name, *name);
	return ERR_OK;
}

/*
 * For migration EL2 needs a page for each block of the guest's memory, and one for each GiB: more
 * than the first block has room for beside all else, so what lacks is kept for it from the start.
 */
static uint64_t store_bytes(uint64_t mem_bytes)
{
	uint64_t pages = mem_bytes / CAISSON_BLOCK_BYTES + mem_bytes / GIB(1) + 2;
	uint64_t more = pages > STORE_SPARE_PAGES ? pages - STORE_SPARE_PAGES : 0;

	return STORE_BYTES + bits_align_up(more * 4096, CAISSON_BLOCK_BYTES);
}

/* It is shown in tables: what is in it, too, is the VMM's own business. */
static void take_note(struct daemon_vm *vm, const struct rpc_call *call)
{
	const char *note = json_string_value(json_object_get(call->arguments, "note"));

	(void)snprintf(vm->note, sizeof(vm->note), "%s", note != NULL ? note : "");
	for (char *c = vm->note; *c != '\0'; c++) {
		if (*c != ' ' && (*c < 'a' || *c > 'z'))
			*c = '?';
	}
}

static enum err fill_vm(struct rpc_call *call, struct daemon_vm *vm, const char *name,
			uint64_t mem_bytes)
{
	struct daemon_client *client = call->client;
	char why[sizeof(call->error)];
	enum err err;

	(void)snprintf(vm->name, sizeof(vm->name), "%s", name);
	if (getrandom(&vm->tag, sizeof(vm->tag), 0) != sizeof(vm->tag))
		return rpc_fail(call, ERR_NOT_FOUND, "no random numbers: %s", strerror(errno));
	vm->pid = client->pid;
	vm->pid_start = daemon_start_time(client->pid);
	vm->pidfd = open_pidfd(client->pid);
	vm->uid = client->uid;
	take_note(vm, call);
	/* Who connected may have passed the connection on and ended: its PID is another's then. */
	if (vm->pidfd < 0 || !daemon_is_user_of(client->pid, client->uid))
		return rpc_fail(call, ERR_DENIED, "the process that connected is not there");
	if (daemon_save(vm) != ERR_OK || daemon_make_folder(vm) != ERR_OK)
		return rpc_fail(call, ERR_DENIED, "caissond cannot write in %s", PATHS_RUN);
	err = pages_create(&vm->pages, name, store_bytes(mem_bytes), mem_bytes, why, sizeof(why));
	return err == ERR_OK ? ERR_OK : rpc_fail(call, err, "%s", why);
}

/* A VM that did not come about. */
static void undo_create(struct daemon_vm *vm)
{
	daemon_return_cpus(vm);
	pages_remove(&vm->pages, vm->name);
	daemon_remove_folder(vm);
	daemon_forget(vm);
	drop_vm(vm);
}

static enum err finish_create(struct rpc_call *call, struct daemon_vm *vm)
{
	if (pages_pin(&vm->pages) != ERR_OK)
		return rpc_fail(call, ERR_NO_MEMORY, "cannot pin the memory of %s: %s", vm->name,
				strerror(errno));
	return daemon_take_cpus(call, vm);
}

/* A part of the memory at a time: Linux zeroes it, and others are not to wait for all of it. */
static void on_make(void *arg, unsigned int events)
{
	struct daemon_vm *vm = arg;
	struct daemon_client *client = vm->client;
	struct rpc_call call = {.client = client, .id = vm->create_id, .fd = -1};
	enum err err;

	if (!pages_fill_some(&vm->pages, &vm->filled)) {
		if (loop_start_timer(&vm->timer, 0) != ERR_OK)
			daemon_kill(vm);
		return;
	}
	if (client == NULL)
		return; /* it was killed, and is buried as soon as it has died */
	loop_remove(&vm->timer);
	vm->making = false;
	call.wire = &client->wire;
	err = finish_create(&call, vm);
	if (err == ERR_OK) {
		call.fd = vm->pages.mem.fd;
		call.result = json_pack("{s:s}", "name", vm->name);
	}
	rpc_answer(&call, err);
	if (err != ERR_OK) {
		client->vm = NULL;
		vm->client = NULL;
		undo_create(vm);
	}
}

/* Its answer comes when the memory is there. */
enum err daemon_create(struct rpc_call *call)
{
	struct daemon_client *client = call->client;
	uint64_t cpus, ram_bytes, mem_bytes;
	struct daemon_vm *vm;
	const char *name;
	enum err err = check_create(call, &name, &cpus, &ram_bytes, &mem_bytes);

	if (err != ERR_OK)
		return err;
	vm = add_vm(client->daemon);
	if (vm == NULL)
		return rpc_fail(call, ERR_NO_MEMORY, "there are %d virtual machines already",
				CAISSON_MAX_VMS);
	vm->cpus = (uint32_t)cpus;
	vm->ram_bytes = ram_bytes;
	err = daemon_choose_cpus(call, vm);
	if (err == ERR_OK)
		err = fill_vm(call, vm, name, mem_bytes);
	if (err != ERR_OK) {
		daemon_remove_folder(vm);
		daemon_forget(vm);
		drop_vm(vm);
		return err;
	}
	if (loop_add_timer(&client->daemon->loop, &vm->timer, on_make, vm) != ERR_OK ||
	    loop_start_timer(&vm->timer, 0) != ERR_OK) {
		undo_create(vm);
		return rpc_fail(call, ERR_NO_MEMORY, "caissond cannot start a timer");
	}
	vm->making = true;
	vm->create_id = json_incref(call->id);
	vm->client = client;
	client->vm = vm;
	call->later = true;
	return ERR_OK;
}

/* ---- start and end ----------------------------------------------------------------------- */

/* The VM that the connection is for; NULL and an error text. */
static struct daemon_vm *own_vm(struct rpc_call *call)
{
	struct daemon_vm *vm = ((struct daemon_client *)call->client)->vm;

	if (vm == NULL || vm->ending || vm->making) {
		(void)rpc_fail(call, ERR_NOT_FOUND, "this connection has no virtual machine");
		return NULL;
	}
	return vm;
}

/* One part of the memory file that goes to a guest address: [offset, IPA, bytes, rights]. */
static enum err share_region(struct rpc_call *call, struct daemon_vm *vm, const json_t *region)
{
	json_int_t offset, ipa, bytes, rights;
	enum caisson_status status;

	if (json_unpack((json_t *)(uintptr_t)region, "[I,I,I,I]", &offset, &ipa, &bytes, &rights) !=
		    0 ||
	    offset < 0 || ipa < 0 || bytes <= 0 || bytes % CAISSON_BLOCK_BYTES != 0 ||
	    offset % CAISSON_BLOCK_BYTES != 0 ||
	    !bits_contains(0, vm->pages.mem.bytes, (uint64_t)offset, (uint64_t)bytes))
		return rpc_fail(call, ERR_INVALID, "a region of memory is out of range");
	status = hyp_mem_share(&vm->daemon->management, vm->number, vm->pages.mem.start + offset,
			       (uint64_t)ipa, (uint64_t)bytes / CAISSON_BLOCK_BYTES,
			       (uint64_t)rights);
	if (status != CAISSON_OK)
		return rpc_fail(call, ERR_INVALID, "cannot give memory to the virtual machine: %s",
				hyp_status_text(status));
	return ERR_OK;
}

static enum err end_in_el2(struct rpc_call *call, struct daemon_vm *vm)
{
	enum caisson_status status;

	if (!vm->made)
		return ERR_OK;
	status = hyp_vm_destroy(&vm->daemon->management, vm->number);
	if (status != CAISSON_OK)
		return rpc_fail(call, ERR_INVALID, "cannot end the virtual machine: %s",
				hyp_status_text(status));
	vm->made = false;
	return ERR_OK;
}

static enum err share_all(struct rpc_call *call, struct daemon_vm *vm, const json_t *regions)
{
	const json_t *region;
	size_t index;

	json_array_foreach(regions, index, region)
	{
		enum err err = share_region(call, vm, region);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err daemon_start(struct rpc_call *call)
{
	const json_t *regions = json_object_get(call->arguments, "regions");
	struct daemon_vm *vm = own_vm(call);
	struct hyp_token token;
	char text[2][24];
	enum caisson_status status;
	uint64_t flags = 0;
	enum err err;

	if (vm == NULL)
		return ERR_NOT_FOUND;
	if (json_is_true(json_object_get(call->arguments, "tools")))
		flags |= CAISSON_VM_TOOLS;
	if (vm->made || !json_is_array(regions) || json_array_size(regions) > REGIONS_MAX)
		return rpc_fail(call, ERR_INVALID, "it has started, or 'regions' is missing");
	status =
		hyp_vm_create(&vm->daemon->management, vm->pages.store.start, vm->pages.mem.start,
			      vm->cpus | flags, vm->tag,
			      (uint64_t)json_integer_value(json_object_get(call->arguments, "ctr")),
			      &vm->number, &token);
	if (status != CAISSON_OK)
		return rpc_fail(call, ERR_INVALID, "cannot make a virtual machine: %s",
				hyp_status_text(status));
	vm->made = true;
	vm->guest = (struct guestreport){0};
	err = share_all(call, vm, regions);
	if (err == ERR_OK)
		err = daemon_dedicate_cpus(call, vm);
	if (err != ERR_OK) {
		char why[sizeof(call->error)];

		memcpy(why, call->error, sizeof(why));
		(void)end_in_el2(call, vm);
		return rpc_fail(call, err, "%s", why);
	}
	daemon_want_console(vm);
	daemon_has_started(vm);
	for (uint32_t i = 0; i < ARRAY_SIZE(text); i++)
		(void)snprintf(text[i], sizeof(text[i]), "%016" PRIx64, token.half[i]);
	call->result =
		json_pack("{s:i,s:[s,s]}", "number", (int)vm->number, "token", text[0], text[1]);
	return ERR_OK;
}

/* The next block that EL2 does not have yet; a caissond before may have given it some. */
enum err daemon_donate(struct rpc_call *call)
{
	struct daemon_vm *vm = own_vm(call);
	enum caisson_status status = CAISSON_NO_MEMORY;

	if (vm == NULL)
		return ERR_NOT_FOUND;
	if (!vm->made)
		return rpc_fail(call, ERR_INVALID, "it has not started");
	for (uint64_t at = STORE_BYTES; at < vm->pages.store.bytes; at += CAISSON_BLOCK_BYTES) {
		status = hyp_mem_donate(&vm->daemon->management, vm->number,
					vm->pages.store.start + at);
		if (status != CAISSON_STATE)
			break;
	}
	if (status == CAISSON_OK)
		return ERR_OK;
	return rpc_fail(call, ERR_NO_MEMORY, "no memory is left for %s's tables: %s", vm->name,
			hyp_status_text(status));
}

enum err daemon_end(struct rpc_call *call)
{
	struct daemon_vm *vm = own_vm(call);

	return vm != NULL ? end_in_el2(call, vm) : ERR_NOT_FOUND;
}

enum err daemon_remove(struct rpc_call *call)
{
	struct daemon_vm *vm = own_vm(call);

	if (vm == NULL)
		return ERR_NOT_FOUND;
	daemon_bury(vm);
	return ERR_OK;
}

/* A next caissond is to know the note before the VMM finds it, which may be busy with a move. */
static void take_state(struct daemon_vm *vm, const struct rpc_call *call)
{
	char before[DAEMON_NOTE_BYTES];

	memcpy(before, vm->note, sizeof(before));
	vm->paused = json_is_true(json_object_get(call->arguments, "paused"));
	take_note(vm, call);
	if (strcmp(before, vm->note) != 0 && daemon_save(vm) != ERR_OK)
		say("a next caissond does not know that %s is %s", vm->name,
		    vm->note[0] != '\0' ? vm->note : "as ever");
}

enum err daemon_set_state(struct rpc_call *call)
{
	struct daemon_vm *vm = own_vm(call);

	if (vm == NULL)
		return ERR_NOT_FOUND;
	take_state(vm, call);
	return ERR_OK;
}

/* ---- adoption ---------------------------------------------------------------------------- */

/* Also of one that is ending, which its VMM goes on with. */
static bool is_token_of(const struct daemon_vm *vm, const struct hyp_token *token)
{
	uint64_t runs;
	enum caisson_status status = hyp_vm_stat(token, CAISSON_STAT_RUNS, &runs);

	return token->half[0] % CAISSON_MAX_VMS == vm->number &&
	       (status == CAISSON_OK || status == CAISSON_STATE);
}

/* A VMM that found a new caissond. Its VM's token shows that it is the one. */
enum err daemon_attach(struct rpc_call *call)
{
	struct daemon_client *client = call->client;
	const char *name = rpc_text(call, "name");
	const char *token0 = rpc_text(call, "token0");
	const char *token1 = rpc_text(call, "token1");
	struct daemon_vm *vm = name != NULL ? daemon_find_vm(client->daemon, name) : NULL;

	struct hyp_token token;

	if (token0 == NULL || token1 == NULL)
		return ERR_INVALID;
	token = (struct hyp_token){{strtoull(token0, NULL, 16), strtoull(token1, NULL, 16)}};
	if (vm == NULL || vm->client != NULL || vm->ending || !vm->made || client->vm != NULL ||
	    client->pid != vm->pid || !is_token_of(vm, &token))
		return rpc_fail(call, ERR_DENIED, "there is no such virtual machine to attach to");
	vm->client = client;
	client->vm = vm;
	loop_remove(&vm->died);
	loop_remove(&vm->timer);
	take_state(vm, call);
	say("%s is here again", vm->name);
	if (vm->daemon->stopping)
		rpc_event(&client->wire, "powerdown", NULL);
	daemon_tell_events(vm->daemon);
	daemon_want_console(vm);
	return ERR_OK;
}

static void on_no_reconnect(void *arg, unsigned int events)
{
	struct daemon_vm *vm = arg;

	say("%s: its process does not answer", vm->name);
	daemon_kill(vm);
}

/* Is the VMM that the state names still there? Then it is expected to come back. */
static bool await_vmm(struct daemon_vm *vm)
{
	struct loop *loop = &vm->daemon->loop;

	if (!vm->made || daemon_start_time(vm->pid) != vm->pid_start)
		return false;
	vm->pidfd = open_pidfd(vm->pid);
	return vm->pidfd >= 0 && daemon_start_time(vm->pid) == vm->pid_start &&
	       loop_add_fd(loop, &vm->died, vm->pidfd, LOOP_READ, on_died, vm) == ERR_OK &&
	       loop_add_timer(loop, &vm->timer, on_no_reconnect, vm) == ERR_OK &&
	       loop_start_timer(&vm->timer, RECONNECT_MS) == ERR_OK;
}

/* Has EL2 this VM? Its number, too. */
static bool find_in_el2(struct daemon_vm *vm)
{
	struct hyp_vm_info info;

	for (vm->number = 0; vm->number < CAISSON_MAX_VMS; vm->number++) {
		if (hyp_vm_info(&vm->daemon->management, vm->number, &info) == CAISSON_OK &&
		    info.tag == vm->tag)
			return true;
	}
	return false;
}

static void adopt(struct daemon *d, const char *name)
{
	struct daemon_vm *vm = add_vm(d);

	if (vm == NULL || daemon_load(vm, name) != ERR_OK) {
		say("%s/%s.json is not understood and left alone", PATHS_STATE, name);
		if (vm != NULL)
			drop_vm(vm);
		return;
	}
	vm->made = find_in_el2(vm);
	/* EL2 must not have memory that nothing keeps in its place. */
	if (pages_adopt(&vm->pages, name) != ERR_OK && vm->made) {
		say("%s: its memory cannot be adopted: %s", name, strerror(errno));
		daemon_bury(vm);
		return;
	}
	if (vm->dedicated != 0 && daemon_open_events(d) != ERR_OK)
		say("%s: exits of its dedicated vCPUs are not heard", name);
	if (await_vmm(vm)) {
		say("%s runs: waiting for its process", name);
	} else {
		say("%s has lost its process", name);
		daemon_bury(vm);
	}
}

void daemon_adopt_all(struct daemon *d)
{
	static const char suffix[] = ".json";
	DIR *folder = opendir(PATHS_STATE);
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char *dot = strrchr(entry->d_name, '.');

		if (dot == NULL || strcmp(dot, suffix) != 0)
			continue;
		*dot = '\0';
		if (config_is_name(entry->d_name))
			adopt(d, entry->d_name);
	}
	if (folder != NULL)
		(void)closedir(folder);
}
