// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/flash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/diskfile.h"
#include "vmm/guestmem.h"
#include "vmm/say.h"
#include "vmm/stream.h"
#include "vmm/vm.h"

#define ERASED    0xff /* what flash holds that was never programmed */
#define VARS_MODE 0600

static const char *name_of(const struct flash *f)
{
	return f->path != NULL ? f->path : "flash";
}

/* ---- the file ---------------------------------------------------------------------------- */

/* bytes from offset on; what the file lacks is erased flash. */
static enum err read_file(const struct flash *f, uint64_t offset, uint8_t *to, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(f->file, to + done, bytes - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			say("cannot read %s: %s", name_of(f), strerror(errno));
			return ERR_TRUNCATED;
		}
		if (got == 0)
			break;
		done += (uint64_t)got;
	}
	memset(to + done, ERASED, bytes - done);
	return ERR_OK;
}

static enum err write_file(struct flash *f, uint64_t offset, const uint8_t *from, uint64_t bytes)
{
	while (bytes != 0) {
		ssize_t put = pwrite(f->file, from, bytes, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			if (!f->failed)
				say("cannot write %s: %s", name_of(f), strerror(errno));
			f->failed = true;
			return ERR_NO_MEMORY;
		}
		offset += (uint64_t)put;
		from += put;
		bytes -= (uint64_t)put;
	}
	f->unsaved = true;
	return ERR_OK;
}

/* The file up to `end`, with erased flash. */
static enum err extend_file(struct flash *f, uint64_t end)
{
	static uint8_t erased[KIB(16)];
	enum err err = ERR_OK;

	memset(erased, ERASED, sizeof(erased));
	while (err == ERR_OK && f->file_bytes < end) {
		uint64_t bytes = end - f->file_bytes;

		bytes = bytes < sizeof(erased) ? bytes : sizeof(erased);
		err = write_file(f, f->file_bytes, erased, bytes);
		if (err == ERR_OK)
			f->file_bytes += bytes;
	}
	return err;
}

/* When the guest has done something and looks at the contents again. */
static void save_file(struct flash *f)
{
	if (f->unsaved && f->path != NULL && fdatasync(f->file) != 0 && !f->failed) {
		say("cannot write %s: %s", name_of(f), strerror(errno));
		f->failed = true;
	}
	f->unsaved = false;
}

/* Where the file's last byte lies that is not one of a run of the same to the end. */
static enum err find_end(const struct flash *f, uint64_t *end)
{
	uint8_t chunk[KIB(16)];
	uint8_t filler = 0;

	for (*end = f->file_bytes; *end != 0;) {
		uint64_t bytes = *end % sizeof(chunk) != 0 ? *end % sizeof(chunk) : sizeof(chunk);
		enum err err = read_file(f, *end - bytes, chunk, bytes);

		if (err != ERR_OK)
			return err;
		if (*end == f->file_bytes)
			filler = chunk[bytes - 1];
		if (filler != 0 && filler != ERASED)
			return ERR_OK;
		while (bytes != 0 && chunk[bytes - 1] == filler) {
			bytes--;
			(*end)--;
		}
		if (bytes != 0)
			return ERR_OK;
	}
	return ERR_OK;
}

static enum err measure_file(struct flash *f)
{
	struct stat status;
	uint64_t end;
	enum err err;

	if (fstat(f->file, &status) != 0) {
		say("cannot open %s: %s", name_of(f), strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (!S_ISREG(status.st_mode)) {
		say("%s is not a regular file", name_of(f));
		return ERR_INVALID;
	}
	if (status.st_size > (off_t)CFIFLASH_BYTES) {
		say("%s is larger than the flash, which has 64 MiB", name_of(f));
		return ERR_RANGE;
	}
	f->file_bytes = (uint64_t)status.st_size;
	err = find_end(f, &end);
	f->memory_bytes = bits_align_up(end, CAISSON_BLOCK_BYTES);
	return err;
}

static void prepare(struct flash *f, struct vm *vm, uint64_t base, const char *path)
{
	*f = (struct flash){.vm = vm, .path = path, .file = -1};
	f->device = (struct device){.name = "flash", .base = base, .bytes = CFIFLASH_BYTES};
	(void)pthread_mutex_init(&f->lock, NULL);
}

enum err flash_open_firmware(struct flash *f, struct vm *vm, uint64_t base, const char *path)
{
	enum err err;

	prepare(f, vm, base, path);
	f->read_only = true;
	f->file = open(path, O_RDONLY | O_CLOEXEC);
	if (f->file < 0) {
		say("cannot open %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	err = measure_file(f);
	if (err == ERR_OK && f->memory_bytes == 0) {
		say("%s is empty", path);
		return ERR_INVALID;
	}
	return err;
}

enum err flash_open_vars(struct flash *f, struct vm *vm, uint64_t base, const char *path,
			 bool later)
{
	enum err err;

	prepare(f, vm, base, path);
	f->file = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, VARS_MODE)
			       : memfd_create("flash", MFD_CLOEXEC);
	if (f->file < 0) {
		say("cannot open %s for writing: %s", name_of(f), strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (!later && diskfile_lock(f->file, false) != ERR_OK) {
		say("%s is in use by another virtual machine", name_of(f));
		return ERR_BUSY;
	}
	err = measure_file(f);
	/* At first there is nothing in it. */
	if (f->memory_bytes == 0)
		f->memory_bytes = CAISSON_BLOCK_BYTES;
	return err;
}

void flash_close(struct flash *f)
{
	if (f->device.bytes != 0 && f->file >= 0) {
		save_file(f);
		(void)close(f->file);
	}
	*f = (struct flash){.file = -1};
}

enum err flash_let_go(struct flash *f)
{
	save_file(f);
	return f->path != NULL && !f->read_only ? diskfile_let_go(f->file, f->path) : ERR_OK;
}

void flash_take_back(struct flash *f)
{
	if (f->path != NULL && !f->read_only)
		diskfile_take_back(f->file, f->path, false);
}

enum err flash_take_over(struct flash *f)
{
	uint64_t memory_bytes = f->memory_bytes;
	enum err err = ERR_OK;

	if (f->path == NULL || f->read_only)
		return ERR_OK;
	err = diskfile_take_over(&f->file, f->path, false);
	if (err == ERR_OK)
		err = measure_file(f);
	/* As much of it is memory as before, also if the file has grown. */
	f->memory_bytes = memory_bytes;
	return err;
}

/* ---- contents ---------------------------------------------------------------------------- */

static bool is_memory(const struct flash *f, uint64_t offset, uint64_t bytes)
{
	return bits_contains(0, f->memory_bytes, offset, bytes);
}

static uint64_t read_contents(const struct flash *f, uint64_t offset, unsigned int bytes)
{
	uint8_t data[8];
	uint64_t value = 0;

	if (is_memory(f, offset, bytes))
		memcpy(data, f->memory + offset, bytes);
	else if (read_file(f, offset, data, bytes) != ERR_OK)
		return 0;
	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

/* The file first: it is what counts later. The guest may look past the caches. */
static enum err put_contents(struct flash *f, uint64_t offset, const uint8_t *data, uint64_t bytes)
{
	uint64_t sector_end = bits_align_up(offset + bytes, CFIFLASH_SECTOR_BYTES);
	enum err err = extend_file(f, sector_end);

	if (err == ERR_OK)
		err = write_file(f, offset, data, bytes);
	if (err == ERR_OK && is_memory(f, offset, bytes)) {
		memcpy(f->memory + offset, data, bytes);
		guestmem_clean(f->memory + offset, bytes);
		guestmem_wrote(&f->vm->guestmem, f->memory + offset, bytes);
	}
	return err;
}

/* The contents after the effect, of a part of what it is about. */
static enum err make_contents(const struct flash *f, const struct cfiflash_effect *effect,
			      uint64_t done, uint8_t *data, uint64_t bytes)
{
	enum err err;

	if (effect->what == CFIFLASH_ERASE) {
		memset(data, ERASED, bytes);
		return ERR_OK;
	}
	err = read_file(f, effect->offset + done, data, bytes);
	if (err == ERR_OK)
		cfiflash_program(data, effect->data + done, bytes);
	return err;
}

static enum err carry_out(struct flash *f, const struct cfiflash_effect *effect)
{
	uint8_t data[CFIFLASH_BUFFER_BYTES];
	enum err err = ERR_OK;

	/* Behind its end nothing was ever programmed. */
	if (effect->what == CFIFLASH_ERASE && effect->offset >= f->file_bytes)
		return ERR_OK;
	for (uint64_t done = 0; err == ERR_OK && done < effect->bytes;) {
		uint64_t rest = effect->bytes - done;
		uint64_t bytes = rest < sizeof(data) ? rest : sizeof(data);

		err = make_contents(f, effect, done, data, bytes);
		if (err == ERR_OK)
			err = put_contents(f, effect->offset + done, data, bytes);
		done += bytes;
	}
	return err;
}

/* Memory is in the VM in read-array mode only. */
static void update_mapping(struct flash *f)
{
	bool map = f->model.mode == CFIFLASH_ARRAY;

	if (map)
		save_file(f);
	if (map == f->mapped || f->memory_bytes == 0)
		return;
	f->mapped = map;
	vm_show_memory(f->vm, f->device.base, f->memory_bytes, map);
}

/* ---- the guest --------------------------------------------------------------------------- */

static uint64_t read_flash(struct device *d, uint64_t offset, unsigned int bytes)
{
	struct flash *f = CONTAINER_OF(d, struct flash, device);
	uint64_t value;

	(void)pthread_mutex_lock(&f->lock);
	value = f->model.mode == CFIFLASH_ARRAY ? read_contents(f, offset, bytes)
						: cfiflash_read(&f->model, (uint32_t)offset, bytes);
	(void)pthread_mutex_unlock(&f->lock);
	return value;
}

static void write_flash(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value)
{
	struct flash *f = CONTAINER_OF(d, struct flash, device);

	(void)pthread_mutex_lock(&f->lock);
	for (unsigned int done = 0; done < bytes; done += 4) {
		struct cfiflash_effect effect =
			cfiflash_write(&f->model, (uint32_t)(offset + done), bytes < 4 ? bytes : 4,
				       (uint32_t)(value >> (8 * done)));

		if (effect.what != CFIFLASH_NOTHING && carry_out(f, &effect) != ERR_OK)
			cfiflash_fail(&f->model, &effect);
	}
	update_mapping(f);
	(void)pthread_mutex_unlock(&f->lock);
}

enum err flash_load(struct flash *f, uint8_t *memory)
{
	f->memory = memory;
	return read_file(f, 0, memory, f->memory_bytes);
}

enum err flash_attach(struct flash *f)
{
	static const struct device_ops ops = {.read = read_flash, .write = write_flash};

	f->device.ops = &ops;
	f->mapped = true;
	cfiflash_reset(&f->model, f->read_only);
	return bus_add(&f->vm->bus, &f->device);
}

/* ---- state -------------------------------------------------------------------------------- */

enum err flash_save_state(struct flash *f, struct stream *s, uint32_t instance)
{
	const struct cfiflash *m = &f->model;
	struct snapshot_flash state;

	(void)pthread_mutex_lock(&f->lock);
	save_file(f);
	state = (struct snapshot_flash){.mode = m->mode,
					.cycle = m->cycle,
					.status = m->status,
					.words_left = m->words_left,
					.buffer_used = m->buffer_used,
					.buffer_base = m->buffer_base,
					.low = m->low,
					.high = m->high};
	memcpy(state.buffer, m->buffer, sizeof(state.buffer));
	(void)pthread_mutex_unlock(&f->lock);
	if (f->path == NULL && f->file_bytes > f->memory_bytes)
		return stream_fail(s, ERR_UNSUPPORTED,
				   "the firmware's variables have outgrown their memory: give the "
				   "virtual machine a file for them (--flash-vars)");
	return stream_write(s, SNAPSHOT_FLASH, instance, 1, &state, sizeof(state));
}

static bool take_state(const struct snapshot_flash *state, bool read_only, struct cfiflash *model)
{
	*model = (struct cfiflash){.read_only = read_only,
				   .mode = (enum cfiflash_mode)state->mode,
				   .cycle = (enum cfiflash_cycle)state->cycle,
				   .status = (uint8_t)state->status,
				   .words_left = state->words_left,
				   .buffer_used = state->buffer_used != 0,
				   .buffer_base = state->buffer_base,
				   .low = state->low,
				   .high = state->high};
	memcpy(model->buffer, state->buffer, sizeof(model->buffer));
	return state->status <= UINT8_MAX && state->buffer_used <= 1 && cfiflash_is_whole(model);
}

enum err flash_load_state(struct flash *f, struct stream *s, const struct stream_section *section)
{
	struct snapshot_flash state;
	struct cfiflash model;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (!take_state(&state, f->read_only, &model))
		return stream_fail(s, ERR_INVALID, "flash: a state that cannot be");
	(void)pthread_mutex_lock(&f->lock);
	f->model = model;
	update_mapping(f);
	(void)pthread_mutex_unlock(&f->lock);
	return ERR_OK;
}

enum err flash_write_back(struct flash *f)
{
	uint8_t chunk[KIB(16)];
	enum err err = ERR_OK;

	if (f->read_only)
		return ERR_OK;
	(void)pthread_mutex_lock(&f->lock);
	for (uint64_t at = 0; err == ERR_OK && at < f->memory_bytes; at += sizeof(chunk)) {
		err = read_file(f, at, chunk, sizeof(chunk));
		if (err != ERR_OK || memcmp(chunk, f->memory + at, sizeof(chunk)) == 0)
			continue;
		err = extend_file(f, at + sizeof(chunk));
		if (err == ERR_OK)
			err = write_file(f, at, f->memory + at, sizeof(chunk));
	}
	save_file(f);
	(void)pthread_mutex_unlock(&f->lock);
	return err;
}
