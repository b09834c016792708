// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/devices.h"

#include "vmm/vm.h"

static void add(struct devices *d, struct virtio *v)
{
	d->virtio[d->slots++] = v;
}

enum err devices_open(struct devices *d, struct vm *vm, const struct vm_config *config)
{
	enum err err = ERR_OK;

	*d = (struct devices){0};
	for (uint32_t i = 0; err == ERR_OK && i < config->disks; i++) {
		err = virtio_blk_open(&d->disk[i], vm, d->slots, &config->disk[i]);
		add(d, &d->disk[i].virtio);
	}
	if (err == ERR_OK && config->rng) {
		err = virtio_rng_open(&d->rng, vm, d->slots);
		add(d, &d->rng.virtio);
	}
	return err;
}

void devices_close(struct devices *d)
{
	for (uint32_t i = 0; i < CONFIG_DISKS_MAX; i++)
		virtio_blk_close(&d->disk[i]);
	virtio_rng_close(&d->rng);
}

enum err devices_attach(struct devices *d)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < d->slots; i++)
		err = bus_add(&d->virtio[i]->vm->bus, &d->virtio[i]->device);
	return err;
}

void devices_detach(struct devices *d)
{
	for (uint32_t i = 0; i < d->slots; i++)
		virtio_reset(d->virtio[i]);
}
