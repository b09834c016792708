// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/migrate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "abi/migration.h"
#include "vmm/escape.h"
#include "vmm/kick.h"
#include "vmm/move.h"
#include "vmm/say.h"
#include "vmm/state.h"
#include "vmm/thread.h"
#include "vmm/vmm.h"

#define ACCEPT_MS 600000 /* the other host makes room; the VM runs meanwhile */
#define NS_PER_MS 1000000
#define SILENT_MS 30000 /* while pages go, and while the VM stands still */

/* ---- the lock ------------------------------------------------------------------------------ */

static void lock(struct migrate *m)
{
	(void)pthread_mutex_lock(&m->lock);
}

static void unlock(struct migrate *m)
{
	(void)pthread_mutex_unlock(&m->lock);
}

void migrate_fail(struct migrate *m, const char *format, ...)
{
	va_list args;

	lock(m);
	if (m->error[0] == '\0') {
		va_start(args, format);
		(void)vsnprintf(m->error, sizeof(m->error), format, args);
		va_end(args);
	}
	unlock(m);
}

bool migrate_is_cancelled(struct migrate *m)
{
	lock(m);

	bool cancelled = m->cancelled || m->closing;

	unlock(m);
	return cancelled;
}

static enum handover_source state_of(struct migrate *m)
{
	lock(m);

	enum handover_source state = m->state;

	unlock(m);
	return state;
}

bool migrate_holds(struct migrate *m)
{
	return !handover_source_runs(state_of(m));
}

bool migrate_is_in_doubt(struct migrate *m)
{
	return state_of(m) == SOURCE_DOUBT;
}

bool migrate_is_busy(struct migrate *m)
{
	return m->begun || state_of(m) != SOURCE_RUNS;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void set_time(struct migrate *m, uint64_t *ns)
{
	lock(m);
	*ns = now_ns();
	unlock(m);
}

/* ---- between the thread and the loop ------------------------------------------------------- */

void migrate_show(struct migrate *m, const struct migrate_progress *progress)
{
	lock(m);
	m->progress = *progress;
	unlock(m);
	kick_eventfd(m->event);
}

enum err migrate_order(struct migrate *m, migrate_order_fn *order)
{
	enum err err;

	lock(m);
	m->order = order;
	kick_eventfd(m->event);
	while (m->order != NULL && !m->closing)
		(void)pthread_cond_wait(&m->changed, &m->lock);
	err = m->order != NULL ? ERR_DENIED : m->order_result;
	m->order = NULL;
	unlock(m);
	return err;
}

/* ---- what the loop does with the VM -------------------------------------------------------- */

static enum err resume(struct vmm *vmm)
{
	move_back(vmm, vmm->migrate.was_paused);
	return ERR_OK;
}

static enum err end(struct vmm *vmm)
{
	vm_end(&vmm->vm, VM_MOVED);
	return ERR_OK;
}

/* The parts of a step that concern the VM; in the loop. */
static void carry_out(struct migrate *m, uint32_t todo)
{
	if (todo & SOURCE_DO_RESUME)
		(void)resume(m->vmm);
	if (todo & SOURCE_DO_END)
		(void)end(m->vmm);
}

/* ---- the thread's steps: each does what its state is for, and returns what came of it ------- */

/* Nothing sensible comes from the other end, or nothing goes there. */
static enum handover_source_event lost(struct migrate *m, const struct stream *s)
{
	if (migrate_is_cancelled(m))
		return SOURCE_EV_CANCEL;
	migrate_fail(m, "the connection to %s broke: %s", m->options.host, stream_error(s));
	return SOURCE_EV_CUT;
}

/* What it said last, before the connection was lost. */
static enum handover_source_event failed(struct migrate *m, const struct stream_section *section)
{
	char text[400];

	(void)escape_cut(text, sizeof(text), section->contents, section->bytes);
	migrate_fail(m, "%s: %s", m->options.host, text);
	return SOURCE_EV_FAILED;
}

/* The next word of the other end is to be `id`. */
static enum handover_source_event await(struct migrate *m, uint32_t id,
					enum handover_source_event event)
{
	struct stream_section section;
	enum err err = stream_read(&m->in, &section);

	if (err == ERR_OK && section.id == MIGRATION_FAILED)
		return failed(m, &section);
	if (err == ERR_OK)
		err = stream_take(&m->in, &section, MIGRATION_VERSION, NULL, 0, false);
	if (err == ERR_OK && section.id != id)
		err = stream_fail(&m->in, ERR_INVALID, "it said something else than expected");
	return err == ERR_OK ? event : lost(m, &m->in);
}

/* Writing failed: the other end may have said why. */
static enum handover_source_event broken(struct migrate *m)
{
	struct stream_section section;

	if (!migrate_is_cancelled(m) && m->out.err == ERR_TRUNCATED) {
		m->in.timeout_ms = SILENT_MS;
		if (stream_read(&m->in, &section) == ERR_OK && section.id == MIGRATION_FAILED)
			return failed(m, &section);
	}
	return lost(m, &m->out);
}

static enum err read_greeting(struct migrate *m)
{
	struct snapshot_header header;
	enum err err = stream_open(&m->in, SNAPSHOT_MIGRATION, &header);

	if (err == ERR_OK || migrate_is_cancelled(m))
		return err;
	if (atomic_load(&m->in.bytes) == 0)
		migrate_fail(m, "%s did not say a word (is Caisson there? try the command by hand)",
			     m->options.host);
	else if (err == ERR_UNSUPPORTED)
		migrate_fail(m, "%s has another version of Caisson: %s", m->options.host,
			     stream_error(&m->in));
	else if (err == ERR_INVALID)
		migrate_fail(m,
			     "what %s said first is nothing of Caisson's (does its shell print "
			     "something at login?)",
			     m->options.host);
	return err;
}

static enum handover_source_event offer(struct migrate *m)
{
	enum handover_source_event event;
	char *text;

	m->in.timeout_ms = ACCEPT_MS;
	if (read_greeting(m) != ERR_OK)
		return lost(m, &m->in);
	text = migrate_make_offer(m);
	if (text == NULL) {
		migrate_end_offer(m);
		return SOURCE_EV_CANCEL;
	}
	if (stream_begin(&m->out, SNAPSHOT_MIGRATION) == ERR_OK &&
	    state_save_head(m->vmm, &m->out) == ERR_OK &&
	    stream_write(&m->out, MIGRATION_OFFER, 0, MIGRATION_VERSION, text, strlen(text)) ==
		    ERR_OK)
		event = await(m, MIGRATION_ACCEPT, SOURCE_EV_ACCEPT);
	else
		event = broken(m);
	free(text);
	migrate_end_offer(m);
	return event;
}

static enum handover_source_event copy(struct migrate *m)
{
	m->in.timeout_ms = SILENT_MS;
	if (migrate_copy(m) == ERR_OK)
		return SOURCE_EV_STOP;
	return m->out.err != ERR_OK ? broken(m) : SOURCE_EV_CANCEL;
}

static enum err pause_vm(struct vmm *vmm)
{
	vmm->migrate.was_paused = vm_is_paused(&vmm->vm);
	return move_out(vmm);
}

static enum handover_source_event finish(struct migrate *m)
{
	enum err err;

	set_time(m, &m->progress.stopped_ns);
	err = migrate_order(m, pause_vm);
	if (err == ERR_OK)
		err = stream_write(&m->out, MIGRATION_STOPPED, 0, MIGRATION_VERSION, NULL, 0);
	if (err == ERR_OK)
		err = migrate_copy_rest(m);
	if (err == ERR_OK)
		err = state_save(m->vmm, &m->out);
	if (err == ERR_OK)
		err = stream_write(&m->out, MIGRATION_END, 0, MIGRATION_VERSION, NULL, 0);
	if (err == ERR_OK)
		return await(m, MIGRATION_READY, SOURCE_EV_READY);
	if (m->out.err != ERR_OK)
		return broken(m);
	migrate_fail(m, "the virtual machine's state cannot be taken");
	return SOURCE_EV_CANCEL;
}

/* From the first byte of COMMIT on it may run there. */
static enum handover_source_event commit(struct migrate *m)
{
	struct migration_commit what = {.count = move_guest_count(m->vmm),
					.flags = m->was_paused ? MIGRATION_COMMIT_PAUSED : 0};
	enum handover_source_event event;

	if (stream_write(&m->out, MIGRATION_COMMIT, 0, MIGRATION_VERSION, &what, sizeof(what)) ==
	    ERR_OK)
		event = await(m, MIGRATION_RUNNING, SOURCE_EV_RUNNING);
	else
		event = broken(m);
	/* Its own word alone is believed; whatever else is a connection that broke. */
	if (event != SOURCE_EV_RUNNING && event != SOURCE_EV_FAILED)
		return SOURCE_EV_CUT;
	if (event == SOURCE_EV_RUNNING) {
		set_time(m, &m->progress.ended_ns);
		if (stream_write(&m->out, MIGRATION_DONE, 0, MIGRATION_VERSION, NULL, 0) != ERR_OK)
			say("%s keeps a note of this move for a month", m->options.host);
	}
	return event;
}

/* ---- the thread ---------------------------------------------------------------------------- */

static enum handover_source_event (*const work[])(struct migrate *m) = {
	[SOURCE_OFFERS] = offer,
	[SOURCE_COPIES] = copy,
	[SOURCE_STOPPED] = finish,
	[SOURCE_COMMITTED] = commit,
};

/* Once it is committed nobody cancels it: so that is looked at in one step with the change. */
static uint32_t step(struct migrate *m, enum handover_source_event event)
{
	uint32_t todo;

	lock(m);
	if ((m->cancelled || m->closing) && event == SOURCE_EV_READY)
		event = SOURCE_EV_CANCEL;
	m->state = handover_source_step(m->state, event, &todo);
	unlock(m);
	return todo;
}

static void *run(void *arg)
{
	struct migrate *m = arg;
	enum handover_source state;

	while ((state = state_of(m)) < ARRAY_SIZE(work) && work[state] != NULL) {
		uint32_t todo = step(m, work[state](m));

		if (todo & SOURCE_DO_HANG) {
			/* The other end lets go of the disks now, if it has them. */
			(void)shutdown(m->fd, SHUT_RDWR);
			migrate_stop_tracking(m);
		}
		if ((todo & SOURCE_DO_RESUME) && migrate_order(m, resume) != ERR_OK)
			break; /* the VM has ended */
		if ((todo & SOURCE_DO_END) && migrate_order(m, end) != ERR_OK)
			break;
		kick_eventfd(m->event);
	}
	lock(m);
	m->over = true;
	unlock(m);
	kick_eventfd(m->event);
	return NULL;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static json_t *describe(const struct migrate *m)
{
	static const char *const name[] = {
		[SOURCE_RUNS] = "none",           [SOURCE_OFFERS] = "offering",
		[SOURCE_COPIES] = "copying",      [SOURCE_STOPPED] = "stopped",
		[SOURCE_COMMITTED] = "committed", [SOURCE_DOUBT] = "in-doubt",
		[SOURCE_GONE] = "completed",
	};
	const struct migrate_progress *p = &m->progress;
	const char *status = name[m->state];
	json_t *told;

	if (m->state == SOURCE_RUNS && m->token[0] != '\0')
		status = m->cancelled ? "cancelled" : "failed";
	told = json_pack("{s:s}", "status", status);
	if (m->token[0] == '\0')
		return told;
	(void)json_object_update_new(
		told,
		json_pack("{s:s,s:s,s:i,s:I,s:I,s:I,s:I,s:I}", "host", m->options.host, "token",
			  m->token, "round", (int)p->round, "sent", (json_int_t)p->sent_bytes,
			  "rate", (json_int_t)p->bytes_s, "left", (json_int_t)p->left_bytes,
			  "expected-downtime", (json_int_t)p->expected_ms, "elapsed",
			  (json_int_t)(((p->ended_ns != 0 ? p->ended_ns : now_ns()) - p->began_ns) /
				       1000000)));
	if (m->state == SOURCE_GONE)
		(void)json_object_set_new(
			told, "downtime",
			json_integer((json_int_t)((p->ended_ns - p->stopped_ns) / NS_PER_MS)));
	if (m->error[0] != '\0')
		(void)json_object_set_new(told, "error", json_string(m->error));
	return told;
}

json_t *migrate_describe(struct migrate *m)
{
	lock(m);

	json_t *told = describe(m);

	unlock(m);
	return told;
}

static const char *note_of(enum handover_source state)
{
	static const char *const note[SOURCE_STATES] = {
		[SOURCE_OFFERS] = "moving",  [SOURCE_COPIES] = "moving",
		[SOURCE_STOPPED] = "moving", [SOURCE_COMMITTED] = "moving",
		[SOURCE_DOUBT] = "in doubt", [SOURCE_GONE] = "moved",
	};

	return note[state];
}

/* The thread has ended: what it used is let go. */
static void finish_thread(struct migrate *m)
{
	(void)pthread_join(m->thread, NULL);
	stream_close(&m->in);
	stream_close(&m->out);
	statemem_close(&m->memory);
	(void)close(m->fd);
	m->fd = -1;
	m->owner = NULL;
	lock(m);
	m->begun = false;
	m->over = false;
	if (m->progress.ended_ns == 0)
		m->progress.ended_ns = now_ns();
	unlock(m);
}

static void do_order(struct migrate *m)
{
	char said[MIGRATE_ERROR_BYTES];
	migrate_order_fn *order;
	enum err err;

	lock(m);
	order = m->order;
	unlock(m);
	if (order == NULL)
		return;
	say_keep(said, sizeof(said), false);
	err = order(m->vmm);
	say_keep(NULL, 0, false);
	if (err != ERR_OK && said[0] != '\0')
		migrate_fail(m, "%s", said);
	lock(m);
	m->order = NULL;
	m->order_result = err;
	(void)pthread_cond_broadcast(&m->changed);
	unlock(m);
}

static void tell(struct migrate *m)
{
	client_set_note(&m->vmm->client, note_of(state_of(m)));
	control_tell(&m->vmm->control, "MIGRATION", migrate_describe(m));
}

static void on_news(void *arg, unsigned int events)
{
	struct migrate *m = arg;
	uint64_t count;
	bool over;

	if (read(m->event, &count, sizeof(count)) < 0)
		return;
	do_order(m);
	lock(m);
	over = m->over;
	unlock(m);
	if (over)
		finish_thread(m);
	tell(m);
	if (over && m->error[0] != '\0')
		say("%s", m->error);
}

enum err migrate_open(struct migrate *m, struct vmm *vmm)
{
	*m = (struct migrate){.vmm = vmm, .fd = -1};
	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_cond_init(&m->changed, NULL);
	m->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->event >= 0 &&
	    loop_add_fd(&vmm->loop, &m->news, m->event, LOOP_READ, on_news, m) == ERR_OK)
		return ERR_OK;
	say("cannot wait for events: %s", strerror(errno));
	return ERR_NO_MEMORY;
}

static enum err start_thread(struct migrate *m, char error[MIGRATE_ERROR_BYTES])
{
	int failure;
	uint32_t todo;

	if (stream_init(&m->in, m->fd, ACCEPT_MS) != ERR_OK ||
	    stream_init(&m->out, m->fd, SILENT_MS) != ERR_OK ||
	    statemem_init(&m->memory) != ERR_OK) {
		(void)snprintf(error, MIGRATE_ERROR_BYTES, "cannot begin a move: %s",
			       strerror(errno));
		return ERR_NO_MEMORY;
	}
	m->state = handover_source_step(SOURCE_RUNS, SOURCE_EV_BEGIN, &todo);
	failure = thread_start(&m->thread, run, m);
	m->begun = failure == 0;
	if (m->begun)
		return ERR_OK;
	m->state = SOURCE_RUNS;
	(void)snprintf(error, MIGRATE_ERROR_BYTES, "cannot start a thread: %s", strerror(failure));
	return ERR_NO_MEMORY;
}

enum err migrate_begin(struct migrate *m, int fd, const struct migrate_options *options,
		       const void *owner, char error[MIGRATE_ERROR_BYTES])
{
	const char *cannot = dirty_cannot(&m->vmm->vm);
	enum err err;

	if (migrate_is_busy(m) || snapshot_is_busy(&m->vmm->snapshot)) {
		(void)snprintf(error, MIGRATE_ERROR_BYTES, "it is being %s",
			       migrate_is_busy(m) ? "moved already" : "written to a snapshot");
		(void)close(fd);
		return ERR_BUSY;
	}
	if (m->vmm->config.dedicated != 0) {
		(void)snprintf(error, MIGRATE_ERROR_BYTES,
			       "its vCPUs have CPUs of their own (--dedicate); without them it can "
			       "be moved");
		(void)close(fd);
		return ERR_UNSUPPORTED;
	}
	if (cannot != NULL && !options->force) {
		(void)snprintf(error, MIGRATE_ERROR_BYTES,
			       "it would stand still all the way, since %s (--force moves it all "
			       "the same)",
			       cannot);
		(void)close(fd);
		return ERR_UNSUPPORTED;
	}
	m->fd = fd;
	m->owner = owner;
	m->options = *options;
	m->tracks = false;
	m->was_paused = false;
	m->cancelled = false;
	m->error[0] = '\0';
	m->progress = (struct migrate_progress){.began_ns = now_ns()};
	err = moves_make_token(m->token);
	if (err == ERR_OK)
		err = start_thread(m, error);
	if (err == ERR_OK)
		return ERR_OK;
	stream_close(&m->in);
	stream_close(&m->out);
	statemem_close(&m->memory);
	(void)close(fd);
	m->fd = -1;
	m->token[0] = '\0';
	return err;
}

enum err migrate_cancel(struct migrate *m, const char *why)
{
	enum err err = ERR_OK;

	lock(m);
	if (m->state == SOURCE_COMMITTED || m->state == SOURCE_DOUBT || m->state == SOURCE_GONE)
		err = ERR_BUSY;
	else if (!m->begun || m->over)
		err = ERR_NOT_FOUND;
	if (err == ERR_OK && !m->cancelled) {
		m->cancelled = true;
		if (m->error[0] == '\0')
			(void)snprintf(m->error, sizeof(m->error), "%s", why);
		stream_cancel(&m->in);
		stream_cancel(&m->out);
	}
	unlock(m);
	return err;
}

void migrate_forget(struct migrate *m, const void *owner)
{
	if (m->owner == owner && migrate_cancel(m, "who asked for it has gone") != ERR_OK)
		m->owner = NULL; /* too late: it goes on by itself */
}

static enum err decide(struct migrate *m, enum handover_source_event event)
{
	uint32_t todo;

	lock(m);
	m->state = handover_source_step(m->state, event, &todo);
	unlock(m);
	if (todo == 0)
		return ERR_NOT_FOUND;
	carry_out(m, todo);
	tell(m);
	return ERR_OK;
}

enum err migrate_answer(struct migrate *m, enum handover_decision answer)
{
	return decide(m, answer == HANDOVER_HERE ? SOURCE_EV_HERE : SOURCE_EV_NOT);
}

enum err migrate_force(struct migrate *m)
{
	return decide(m, SOURCE_EV_FORCE);
}

void migrate_drop(struct migrate *m)
{
	lock(m);
	m->closing = true;
	if (m->begun && !m->over) {
		stream_cancel(&m->in);
		stream_cancel(&m->out);
	}
	(void)pthread_cond_broadcast(&m->changed);
	unlock(m);
	if (m->begun) {
		migrate_fail(m, "the virtual machine has ended, or begun anew");
		finish_thread(m);
		tell(m);
	}
	if (m->tracks) { /* the thread was not listened to any more */
		dirty_stop(&m->vmm->vm);
		migrate_forget_dirty(m);
	}
	lock(m);
	m->closing = false;
	/* Another start of the guest is another matter. */
	if (m->state != SOURCE_GONE)
		m->state = SOURCE_RUNS;
	unlock(m);
}

void migrate_close(struct migrate *m)
{
	loop_remove(&m->news);
	if (m->vmm != NULL && m->event >= 0)
		(void)close(m->event);
}
