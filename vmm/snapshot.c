// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/snapshot.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/say.h"
#include "vmm/thread.h"
#include "vmm/vmm.h"

#define TICK_MS 250

static const uint64_t whole[STATEMEM_WORDS] = {[0 ... STATEMEM_WORDS - 1] = UINT64_MAX};

/* ---- the threads --------------------------------------------------------------------------- */

/* What memory is packs to about half, or less. A device or pipe has room as it comes. */
static enum err check_room(struct snapshot *s)
{
	uint64_t need = atomic_load(&s->pages) * SNAPSHOT_PAGE_BYTES / 2;
	struct statvfs fs;
	struct stat status;

	if (fstat(s->file, &status) != 0 || !S_ISREG(status.st_mode) ||
	    fstatvfs(s->file, &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= need)
		return ERR_OK;
	return stream_fail(&s->stream, ERR_NO_MEMORY,
			   "there is too little room: %llu MiB, and it takes about %llu",
			   (unsigned long long)fs.f_bavail * fs.f_frsize >> 20,
			   (unsigned long long)need >> 20);
}

static void *look(void *arg)
{
	struct snapshot *s = arg;
	struct state_part part[STATE_PARTS_MAX];
	uint32_t parts = state_parts(s->vmm, part);
	uint64_t pages = 0;

	for (uint32_t i = 0; i < parts; i++) {
		for (uint64_t at = 0; at < part[i].bytes && !stream_is_cancelled(&s->stream);
		     at += SNAPSHOT_PAGE_BYTES)
			pages += !statemem_is_zero(part[i].at + at);
	}
	atomic_store(&s->pages, pages);
	(void)!check_room(s);
	kick_eventfd(s->done);
	return NULL;
}

/* What is flash is in the reader's memory before, so its zeros are named. */
static enum err write_memory(struct snapshot *s)
{
	struct state_part part[STATE_PARTS_MAX];
	uint32_t parts = state_parts(s->vmm, part);
	struct statemem memory;
	enum err err = statemem_init(&memory);

	if (err != ERR_OK)
		(void)!stream_fail(&s->stream, err, "out of memory");
	for (uint32_t i = 0; i < parts; i++) {
		for (uint64_t at = 0; err == ERR_OK && at < part[i].bytes;
		     at += STATEMEM_BLOCK_BYTES) {
			/* A guest with its caches off has written past them. */
			guestmem_clean(part[i].at + at, STATEMEM_BLOCK_BYTES);
			err = statemem_write(&memory, &s->stream, part[i].ipa + at, part[i].at + at,
					     whole, part[i].flash);
			atomic_store(&s->pages_done, memory.data_pages);
		}
	}
	statemem_close(&memory);
	return err;
}

static void *write_all(void *arg)
{
	struct snapshot *s = arg;
	enum err err = state_hold(s->vmm);

	if (err != ERR_OK)
		err = stream_fail(&s->stream, err, "a device cannot be halted (caisson log)");
	if (err == ERR_OK)
		err = stream_begin(&s->stream, SNAPSHOT_FILE);
	if (err == ERR_OK)
		err = state_save_head(s->vmm, &s->stream);
	if (err == ERR_OK)
		err = write_memory(s);
	if (err == ERR_OK)
		err = state_save(s->vmm, &s->stream);
	if (err == ERR_OK)
		err = stream_write(&s->stream, SNAPSHOT_END, 0, 1, NULL, 0);
	if (err == ERR_OK && fsync(s->file) != 0 && errno != EINVAL)
		(void)!stream_fail(&s->stream, ERR_NO_MEMORY, "cannot write: %s", strerror(errno));
	kick_eventfd(s->done);
	return NULL;
}

static enum err start(struct snapshot *s, enum snapshot_phase phase, void *(*fn)(void *arg))
{
	int error = thread_start(&s->thread, fn, s);

	if (error != 0)
		return stream_fail(&s->stream, ERR_NO_MEMORY, "cannot start a thread: %s",
				   strerror(error));
	s->phase = phase;
	return ERR_OK;
}

/* ---- the loop's half ----------------------------------------------------------------------- */

/* The answer to the client's question, once. */
static void answer(struct snapshot *s, enum err err)
{
	struct rpc_call call = {.client = s->client, .id = s->id, .fd = -1};

	if (s->client != NULL) {
		call.wire = &s->client->wire;
		if (err != ERR_OK)
			(void)rpc_fail(&call, err, "%s", stream_error(&s->stream));
		else
			call.result = json_pack("{s:I,s:I}", "bytes",
						(json_int_t)atomic_load(&s->stream.bytes), "pages",
						(json_int_t)atomic_load(&s->pages_done));
		rpc_answer(&call, err);
	}
	json_decref(s->id);
	s->id = NULL;
}

/* The VM goes on, if it was halted for this, unless it ends. */
static void finish(struct snapshot *s, bool goes_on)
{
	bool pauses = s->pauses, holds = s->holds;

	loop_stop_timer(&s->on_tick);
	stream_close(&s->stream);
	(void)close(s->file);
	s->phase = SNAPSHOT_IDLE;
	s->client = NULL;
	s->file = -1;
	s->pauses = false;
	s->holds = false;
	if (!goes_on)
		return;
	if (holds)
		state_go_on(s->vmm);
	if (pauses)
		vmm_resume(s->vmm);
}

static void fail(struct snapshot *s)
{
	answer(s, ERR_INVALID);
	finish(s, true);
}

static void on_done(void *arg, unsigned int events)
{
	struct snapshot *s = arg;
	uint64_t count;

	if (read(s->done, &count, sizeof(count)) != sizeof(count) || s->phase == SNAPSHOT_IDLE)
		return;
	(void)pthread_join(s->thread, NULL);
	if (stream_error(&s->stream)[0] != '\0' || s->client == NULL) {
		fail(s);
	} else if (s->phase == SNAPSHOT_LOOKS) {
		s->pauses = !vm_is_paused(&s->vmm->vm);
		vmm_pause(s->vmm);
		s->holds = true;
		if (start(s, SNAPSHOT_WRITES, write_all) != ERR_OK)
			fail(s);
	} else {
		s->phase = SNAPSHOT_WRITTEN;
		answer(s, ERR_OK);
	}
}

static void on_tick(void *arg, unsigned int events)
{
	struct snapshot *s = arg;

	if (s->phase == SNAPSHOT_WRITES && s->client != NULL)
		rpc_event(&s->client->wire, "SNAPSHOT",
			  json_pack("{s:I,s:I,s:I}", "done",
				    (json_int_t)atomic_load(&s->pages_done), "pages",
				    (json_int_t)atomic_load(&s->pages), "bytes",
				    (json_int_t)atomic_load(&s->stream.bytes)));
	(void)!loop_start_timer(&s->on_tick, TICK_MS);
}

enum err snapshot_open(struct snapshot *s, struct vmm *vmm)
{
	enum err err = ERR_NO_MEMORY;

	*s = (struct snapshot){.vmm = vmm, .file = -1};
	s->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->done >= 0)
		err = loop_add_fd(&vmm->loop, &s->on_done, s->done, LOOP_READ, on_done, s);
	if (err == ERR_OK)
		err = loop_add_timer(&vmm->loop, &s->on_tick, on_tick, s);
	if (err != ERR_OK)
		say("cannot wait for snapshots: %s", strerror(errno));
	return err;
}

void snapshot_close(struct snapshot *s)
{
	loop_remove(&s->on_done);
	loop_remove(&s->on_tick);
	if (s->vmm != NULL && s->done >= 0)
		(void)close(s->done);
	*s = (struct snapshot){.file = -1, .done = -1};
}

bool snapshot_is_busy(const struct snapshot *s)
{
	return s->phase != SNAPSHOT_IDLE;
}

void snapshot_forget(struct snapshot *s, const struct control_client *client)
{
	if (s->phase == SNAPSHOT_IDLE || s->client != client)
		return;
	s->client = NULL;
	stream_cancel(&s->stream);
	if (s->phase == SNAPSHOT_WRITTEN)
		finish(s, true);
}

void snapshot_drop(struct snapshot *s)
{
	if (s->phase == SNAPSHOT_IDLE)
		return;
	stream_cancel(&s->stream);
	if (s->phase != SNAPSHOT_WRITTEN) {
		(void)pthread_join(s->thread, NULL);
		(void)!stream_fail(&s->stream, ERR_DENIED, "the virtual machine has ended");
		answer(s, ERR_DENIED);
	}
	finish(s, false);
}

/* ---- commands ------------------------------------------------------------------------------ */

enum err snapshot_begin(struct rpc_call *call)
{
	struct snapshot *s = &control_vmm(call)->snapshot;
	int file = wire_take_fd(call->wire);

	if (file < 0)
		return rpc_fail(call, ERR_INVALID, "no file has come to write to");
	if (migrate_is_busy(&s->vmm->migrate)) {
		(void)close(file);
		return rpc_fail(call, ERR_BUSY, "it is being moved to another host");
	}
	if (snapshot_is_busy(s) || s->vmm->config.dedicated != 0) {
		(void)close(file);
		return rpc_fail(call, ERR_BUSY, "%s",
				snapshot_is_busy(s)
					? "a snapshot is being made already"
					: "its vCPUs have CPUs of their own (--dedicate); without "
					  "that there can be a snapshot");
	}
	s->file = file;
	s->client = call->client;
	s->id = call->id != NULL ? json_incref(call->id) : NULL;
	atomic_store(&s->pages, 0);
	atomic_store(&s->pages_done, 0);
	if (stream_init(&s->stream, file, 0) != ERR_OK ||
	    start(s, SNAPSHOT_LOOKS, look) != ERR_OK) {
		(void)rpc_fail(call, ERR_NO_MEMORY, "%s", stream_error(&s->stream));
		json_decref(s->id);
		s->id = NULL;
		finish(s, false);
		return ERR_NO_MEMORY;
	}
	(void)!loop_start_timer(&s->on_tick, TICK_MS);
	call->later = true;
	return ERR_OK;
}

/* The file is where it is to be: "stop": the VM ends, and its snapshot goes on instead. */
enum err snapshot_end(struct rpc_call *call)
{
	struct snapshot *s = &control_vmm(call)->snapshot;
	const json_t *stop = json_object_get(call->arguments, "stop");

	if (s->phase != SNAPSHOT_WRITTEN || s->client != call->client)
		return rpc_fail(call, ERR_INVALID, "no snapshot of yours is written");
	if (json_is_true(stop))
		vm_end(&s->vmm->vm, VM_STOPPED);
	finish(s, !json_is_true(stop));
	return ERR_OK;
}
