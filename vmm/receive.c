// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/receive.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/move.h"
#include "vmm/receive_check.h"
#include "vmm/say.h"
#include "vmm/vcpu.h"
#include "vmm/vmm.h"

#define SILENT_MS 60000  /* the other end has a guest that runs, or waits for us */
#define OFFER_MS  120000 /* and before that perhaps somebody types a password */
#define DONE_MS   5000

/* Tells the event; what is to be sent is sent here. False: the VM does not come. */
static bool step(struct receive *r, enum handover_target_event event)
{
	enum err err = ERR_OK;
	uint32_t todo;

	r->state = handover_target_step(r->state, event, &todo);
	if (todo & TARGET_DO_ACCEPT)
		err = stream_write(&r->out, MIGRATION_ACCEPT, 0, MIGRATION_VERSION, NULL, 0);
	if (todo & TARGET_DO_READY)
		err = stream_write(&r->out, MIGRATION_READY, 0, MIGRATION_VERSION, NULL, 0);
	if (todo & TARGET_DO_FAILED) {
		if (r->said[0] == '\0')
			say("%s", r->in.err != ERR_OK ? stream_error(&r->in) : "it failed");
		err = stream_write(&r->out, MIGRATION_FAILED, 0, MIGRATION_VERSION, r->said,
				   strlen(r->said));
	}
	if (err != ERR_OK && r->state != TARGET_CLAIMS && r->state != TARGET_RUNS)
		r->state = handover_target_step(r->state, TARGET_EV_CUT, &todo);
	return r->state != TARGET_DROPPED;
}

/* What was read is an error of the stream, or cannot be; the VM does not come. */
static enum err failed(struct receive *r)
{
	bool gone = r->in.err == ERR_TRUNCATED || r->in.err == ERR_BUSY;

	if (r->in.err != ERR_OK && r->said[0] == '\0')
		say("%s", stream_error(&r->in));
	(void)step(r, gone ? TARGET_EV_CUT : TARGET_EV_FAILED);
	return ERR_INVALID;
}

/* ---- the offer ----------------------------------------------------------------------------- */

static enum err begin(struct receive *r)
{
	if (stream_init(&r->in, STDIN_FILENO, OFFER_MS) != ERR_OK ||
	    stream_init(&r->out, STDOUT_FILENO, SILENT_MS) != ERR_OK ||
	    statemem_init(&r->memory) != ERR_OK) {
		say("cannot begin: out of memory");
		return ERR_NO_MEMORY;
	}
	return stream_begin(&r->out, SNAPSHOT_MIGRATION);
}

/* The next section, which is to be this one. */
static enum err read_one(struct receive *r, uint32_t id, struct stream_section *section)
{
	enum err err = stream_read(&r->in, section);

	if (err == ERR_OK && section->id != id)
		err = stream_fail(&r->in, ERR_INVALID, "%s: out of its order",
				  stream_name(section->id));
	if (err == ERR_OK && section->version != 1)
		err = stream_fail(&r->in, ERR_UNSUPPORTED, "%s: of version %u, which is not known",
				  stream_name(section->id), section->version);
	return err;
}

/* Can its guest go on here, with the CPUs and the time that it was shown? */
static enum err load_baseline(struct receive *r, struct vmm *vmm,
			      const struct stream_section *section)
{
	if (hyp_find() != ERR_OK || hostinfo_read(&vmm->here) != ERR_OK)
		return ERR_UNSUPPORTED;
	return state_load(vmm, &r->load, &r->in, section);
}

/* Its settings, and what must fit to them, which is looked at when there is something to fit. */
static enum err read_head(struct receive *r, struct vmm *vmm)
{
	struct snapshot_header header;
	struct stream_section section;
	enum err err = stream_open(&r->in, SNAPSHOT_MIGRATION, &header);

	if (err == ERR_OK)
		err = read_one(r, SNAPSHOT_CONFIG, &section);
	if (err != ERR_OK)
		return err;
	r->settings = strndup((const char *)section.contents, section.bytes);
	if (r->settings == NULL || strlen(r->settings) != section.bytes)
		return stream_fail(&r->in, ERR_INVALID, "its settings are no text");
	err = read_one(r, SNAPSHOT_VM, &section);
	if (err == ERR_OK)
		err = stream_take(&r->in, &section, 1, &r->head, sizeof(r->head), false);
	if (err == ERR_OK)
		err = read_one(r, SNAPSHOT_IDREGS, &section);
	return err == ERR_OK ? load_baseline(r, vmm, &section) : err;
}

static enum err read_offer(struct receive *r, struct vmm *vmm, json_t **offer)
{
	struct stream_section section;
	enum err err = read_head(r, vmm);
	const char *token;

	*offer = NULL;
	if (err == ERR_OK)
		err = read_one(r, MIGRATION_OFFER, &section);
	if (err != ERR_OK)
		return err;
	*offer = json_loadb((const char *)section.contents, section.bytes, JSON_REJECT_DUPLICATES,
			    NULL);
	token = json_string_value(json_object_get(*offer, "token"));
	if (token == NULL || !moves_is_token(token))
		return stream_fail(&r->in, ERR_INVALID, "its offer is not understood");
	memcpy(r->token, token, MOVES_TOKEN_BYTES);
	return ERR_OK;
}

enum err receive_offer(struct receive *r, struct vmm *vmm, const struct receive_options *options)
{
	json_t *offer = NULL;
	enum err err;

	*r = (struct receive){.in = {.cancel = -1}, .out = {.cancel = -1}};
	err = begin(r);
	if (err != ERR_OK)
		return err;
	say_keep(r->said, sizeof(r->said), true);
	moves_tidy();
	err = read_offer(r, vmm, &offer);
	if (err == ERR_OK)
		err = receive_check(vmm, r->settings, offer, options);
	json_decref(offer);
	/* Times and disks are this host's; whose disks they are is looked at in another way. */
	r->load.force = true;
	return err == ERR_OK ? ERR_OK : failed(r);
}

/* ---- what comes ---------------------------------------------------------------------------- */

/* Where a block of the guest's memory is; NULL: it has none there. */
static uint8_t *find_block(const struct vmm *vmm, uint64_t ipa)
{
	struct state_part part[STATE_PARTS_MAX];
	uint32_t parts = state_parts(vmm, part);

	for (uint32_t i = 0; i < parts; i++) {
		if (bits_contains(part[i].ipa, part[i].bytes, ipa, STATEMEM_BLOCK_BYTES))
			return part[i].at + (ipa - part[i].ipa);
	}
	return NULL;
}

/* EL2 has the memory already: a guest with its caches off is to find this there, too. */
static void clean_pages(const struct statemem_block *block, const uint8_t *at)
{
	for (uint32_t i = 0; i < SNAPSHOT_BLOCK_PAGES; i++) {
		if (((block->data[i / 64] | block->zero[i / 64]) & BIT(i % 64)) != 0)
			guestmem_clean(at + (size_t)i * SNAPSHOT_PAGE_BYTES, SNAPSHOT_PAGE_BYTES);
	}
}

static enum err take_memory(struct receive *r, struct vmm *vmm,
			    const struct stream_section *section)
{
	struct statemem_block block;
	enum err err = statemem_read(&r->memory, &r->in, section, &block);
	uint8_t *to;

	if (err != ERR_OK)
		return err;
	to = find_block(vmm, block.ipa);
	if (to == NULL)
		return stream_fail(&r->in, ERR_RANGE, "memory: an address where it has none");
	statemem_put(&block, to);
	clean_pages(&block, to);
	return ERR_OK;
}

/* Up to the moment when the guest has stopped there. */
static enum err take_copies(struct receive *r, struct vmm *vmm)
{
	struct stream_section section;
	enum err err;

	while ((err = stream_read(&r->in, &section)) == ERR_OK) {
		if (section.id == MIGRATION_STOPPED)
			return ERR_OK;
		if (section.id == SNAPSHOT_MEMORY)
			err = take_memory(r, vmm, &section);
		else if (section.id != MIGRATION_ROUND)
			err = stream_fail(&r->in, ERR_INVALID, "%s: out of its order",
					  stream_name(section.id));
		if (err != ERR_OK)
			break;
	}
	return err;
}

/* The rest of memory, and then its state, up to its end. */
static enum err take_rest(struct receive *r, struct vmm *vmm)
{
	struct stream_section section = {.id = SNAPSHOT_VM,
					 .version = 1,
					 .bytes = sizeof(r->head),
					 .contents = (const uint8_t *)&r->head};
	enum err err = state_load(vmm, &r->load, &r->in, &section);

	while (err == ERR_OK && (err = stream_read(&r->in, &section)) == ERR_OK) {
		if (section.id == MIGRATION_END)
			return state_check(vmm, &r->load, &r->in);
		if (section.id == SNAPSHOT_MEMORY)
			err = take_memory(r, vmm, &section);
		else if (section.id != MIGRATION_ROUND)
			err = state_load(vmm, &r->load, &r->in, &section);
	}
	return err;
}

/* ---- the hand-over ------------------------------------------------------------------------- */

static enum err await_commit(struct receive *r)
{
	struct stream_section section;
	enum err err = stream_read(&r->in, &section);

	if (err == ERR_OK)
		err = stream_take(&r->in, &section, MIGRATION_VERSION, &r->commit,
				  sizeof(r->commit), false);
	if (err == ERR_OK && (section.id != MIGRATION_COMMIT ||
			      (r->commit.flags & ~(uint64_t)MIGRATION_COMMIT_PAUSED) != 0))
		err = stream_fail(&r->in, ERR_INVALID, "it is no order to run");
	if (err == ERR_OK && r->commit.count < r->load.count)
		err = stream_fail(&r->in, ERR_INVALID, "its time went back");
	return err;
}

/* The record is what counts, from here on. */
static bool claim(struct receive *r)
{
	enum handover_decision holds;

	if (moves_decide(r->token, HANDOVER_HERE, &holds) != ERR_OK)
		return false;
	if (holds != HANDOVER_HERE)
		say("it was told not to come any more");
	return holds == HANDOVER_HERE;
}

/* All of it, up to READY. The VM is paused from the beginning on, so that its threads wait. */
static enum err take_all(struct receive *r, struct vmm *vmm)
{
	enum err err;

	vm_pause(&vmm->vm);
	err = take_copies(r, vmm);
	/* There they have been let go; the state of some devices is looked at in their light. */
	if (err == ERR_OK)
		err = move_in(vmm);
	if (err == ERR_OK)
		err = take_rest(r, vmm);
	if (err == ERR_OK)
		err = vm_go_on(&vmm->vm);
	if (err != ERR_OK)
		return err;
	/* Each thread has seen it, and is on its mark. */
	vm_pause(&vmm->vm);
	return vmm_listen(vmm);
}

enum err receive_vm(struct receive *r, struct vmm *vmm)
{
	enum caisson_time_mode mode;

	if (moves_expect(r->token) != ERR_OK)
		return failed(r);
	r->in.timeout_ms = SILENT_MS;
	if (!step(r, TARGET_EV_OFFER))
		return ERR_INVALID;
	if (take_all(r, vmm) != ERR_OK)
		return failed(r);
	if (!step(r, TARGET_EV_LOADED))
		return ERR_INVALID;
	if (await_commit(r) != ERR_OK)
		return failed(r);
	(void)step(r, TARGET_EV_COMMIT);
	/* Time goes on from what the order says, as of now; unless a disk's back end has died. */
	if (vm_has_ended(&vmm->vm) ||
	    baseline_set_time(&vmm->baseline, &vmm->vm.token, r->commit.count, vcpu_host_count(),
			      &mode) != ERR_OK ||
	    !claim(r)) {
		(void)step(r, TARGET_EV_LOST);
		return ERR_DENIED;
	}
	(void)step(r, TARGET_EV_CLAIMED);
	return ERR_OK;
}

/* The other end waits for it with its VM paused. */
static void tell_running(struct receive *r)
{
	struct stream_section section;

	r->in.timeout_ms = DONE_MS;
	if (stream_write(&r->out, MIGRATION_RUNNING, 0, MIGRATION_VERSION, NULL, 0) == ERR_OK &&
	    stream_read(&r->in, &section) == ERR_OK && section.id == MIGRATION_DONE)
		moves_forget(r->token);
}

void receive_run(struct receive *r, struct vmm *vmm)
{
	bool paused = (r->commit.flags & MIGRATION_COMMIT_PAUSED) != 0;

	say_keep(NULL, 0, false);
	if (state_begin(vmm) != ERR_OK)
		say("it goes on all the same");
	if (paused)
		client_set_paused(&vmm->client, true);
	else
		vm_resume(&vmm->vm);
	client_set_note(&vmm->client, NULL);
	move_announce(vmm);
	tell_running(r);
}

void receive_end(struct receive *r)
{
	if (r->state != TARGET_RUNS && r->state != TARGET_DROPPED)
		(void)step(r, TARGET_EV_FAILED);
	say_keep(NULL, 0, false);
	stream_close(&r->in);
	stream_close(&r->out);
	statemem_close(&r->memory);
	free(r->settings);
	r->settings = NULL;
}
