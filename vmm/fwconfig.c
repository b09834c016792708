// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/fwconfig.h"

#include <string.h>

#include "vmm/machine.h"
#include "vmm/stream.h"
#include "vmm/vm.h"

static uint64_t read_register(struct device *d, uint64_t offset, unsigned int bytes)
{
	struct fwconfig *f = CONTAINER_OF(d, struct fwconfig, device);

	(void)pthread_mutex_lock(&f->lock);

	uint64_t value = fwcfg_read(&f->model, offset, bytes);

	(void)pthread_mutex_unlock(&f->lock);
	return value;
}

/* What the guest asked for; false: not all of it goes to its memory. */
static bool transfer(const struct fwconfig *f, const struct fwcfg_transfer *t)
{
	uint8_t *to = guestmem_at(&f->vm->guestmem, t->address, t->bytes);

	if (t->bytes == 0)
		return true;
	if (to == NULL)
		return false;
	if (t->from_bytes != 0)
		memcpy(to, t->from, t->from_bytes);
	memset(to + t->from_bytes, 0, t->bytes - t->from_bytes);
	guestmem_clean(to, t->bytes);
	guestmem_wrote(&f->vm->guestmem, to, t->bytes);
	return true;
}

/* Firmware may look past the caches: at the control field, and at what was transferred. */
static void start_dma(struct fwconfig *f, uint64_t address)
{
	uint8_t *descriptor = guestmem_at(&f->vm->guestmem, address, FWCFG_DMA_BYTES);
	uint8_t copy[FWCFG_DMA_BYTES];
	struct fwcfg_transfer t;

	if (descriptor == NULL)
		return;
	guestmem_clean(descriptor, sizeof(copy));
	memcpy(copy, descriptor, sizeof(copy));

	bool done = fwcfg_dma(&f->model, copy, &t) == ERR_OK && transfer(f, &t);

	memset(descriptor, 0, 4);
	descriptor[3] = done ? 0 : FWCFG_DMA_ERROR; /* big-endian */
	guestmem_clean(descriptor, 4);
	guestmem_wrote(&f->vm->guestmem, descriptor, 4);
}

static void write_register(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value)
{
	struct fwconfig *f = CONTAINER_OF(d, struct fwconfig, device);
	uint64_t descriptor;

	(void)pthread_mutex_lock(&f->lock);
	if (fwcfg_write(&f->model, offset, bytes, value, &descriptor))
		start_dma(f, descriptor);
	(void)pthread_mutex_unlock(&f->lock);
}

enum err fwconfig_open(struct fwconfig *f, struct vm *vm, uint32_t cpus)
{
	f->vm = vm;
	f->cpus = cpus;
	(void)pthread_mutex_init(&f->lock, NULL);
	return ERR_OK;
}

/* All items, of what is there. */
static enum err describe(struct fwconfig *f)
{
	struct smbios *smbios = &f->smbios;
	enum err err;

	fwcfg_init(&f->model);
	err = fwcfg_add_u32(&f->model, FWCFG_NB_CPUS, f->cpus);
	if (err == ERR_OK)
		err = fwcfg_add_file(&f->model, SMBIOS_FILE_TABLES, smbios->tables,
				     (uint32_t)smbios->tables_bytes);
	if (err == ERR_OK)
		err = fwcfg_add_file(&f->model, SMBIOS_FILE_ANCHOR, smbios->anchor,
				     sizeof(smbios->anchor));
	return err;
}

enum err fwconfig_describe(struct fwconfig *f, const struct smbios_config *config)
{
	enum err err = smbios_write(config, &f->smbios);

	return err == ERR_OK ? describe(f) : err;
}

enum err fwconfig_attach(struct fwconfig *f)
{
	static const struct device_ops ops = {.read = read_register, .write = write_register};

	f->device = (struct device){
		.name = "fw-cfg", .base = MACHINE_FWCFG, .bytes = FWCFG_BYTES, .ops = &ops};
	fwcfg_reset(&f->model);
	return bus_add(&f->vm->bus, &f->device);
}

/* ---- state -------------------------------------------------------------------------------- */

enum err fwconfig_save(struct fwconfig *f, struct stream *s)
{
	const struct fwcfg *m = &f->model;
	struct snapshot_fwcfg state = {0};

	_Static_assert(sizeof(state.tables) == sizeof(f->smbios.tables) &&
			       sizeof(state.anchor) == sizeof(f->smbios.anchor),
		       "the format");
	(void)pthread_mutex_lock(&f->lock);
	state.key = m->selected != NULL ? m->selected->key : SNAPSHOT_FWCFG_NONE;
	state.dma_high = m->dma_high;
	state.position = m->position;
	state.tables_bytes = (uint32_t)f->smbios.tables_bytes;
	memcpy(state.anchor, f->smbios.anchor, sizeof(state.anchor));
	memcpy(state.tables, f->smbios.tables, f->smbios.tables_bytes);
	(void)pthread_mutex_unlock(&f->lock);
	return stream_write(s, SNAPSHOT_FWCFG, 0, 1, &state, sizeof(state));
}

/* Also the tables: the guest is the same machine as it was, under whatever name. */
enum err fwconfig_load(struct fwconfig *f, struct stream *s, const struct stream_section *section)
{
	struct snapshot_fwcfg state;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.tables_bytes > sizeof(state.tables) || state.key > SNAPSHOT_FWCFG_NONE)
		return stream_fail(s, ERR_INVALID,
				   "firmware configuration: a state that cannot be");
	(void)pthread_mutex_lock(&f->lock);
	f->smbios.tables_bytes = state.tables_bytes;
	memcpy(f->smbios.anchor, state.anchor, sizeof(state.anchor));
	memcpy(f->smbios.tables, state.tables, sizeof(state.tables));
	err = describe(f);
	if (err == ERR_OK)
		err = fwcfg_seek(&f->model, state.key != SNAPSHOT_FWCFG_NONE, (uint16_t)state.key,
				 state.position);
	f->model.dma_high = state.dma_high;
	(void)pthread_mutex_unlock(&f->lock);
	if (err != ERR_OK)
		return stream_fail(s, err, "firmware configuration: a state that cannot be");
	return ERR_OK;
}
