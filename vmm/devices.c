// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/devices.h"

#include "vmm/vm.h"

/* Where qemu-guest-agent listens if nothing else is said. */
#define AGENT_PORT "org.qemu.guest_agent.0"

static void add(struct devices *d, struct virtio *v)
{
	d->virtio[d->slots++] = v;
}

enum err devices_open(struct devices *d, struct vm *vm, const struct vm_config *config,
		      const struct virtio_console_own *own)
{
	enum err err = ERR_OK;

	*d = (struct devices){0};
	for (uint32_t i = 0; err == ERR_OK && i < config->disks; i++) {
		if (config->disk[i].format == DISK_RAW) {
			err = virtio_blk_open(&d->disk[i], vm, d->slots, &config->disk[i]);
			add(d, &d->disk[i].virtio);
		} else {
			err = vhost_blk_open(&d->vhost_disk[i], vm, d->slots, &config->disk[i]);
			add(d, &d->vhost_disk[i].virtio);
		}
	}
	for (uint32_t i = 0; err == ERR_OK && i < config->nets; i++) {
		err = virtio_net_open(&d->net[i], vm, d->slots, &config->net[i], config->name, i);
		add(d, &d->net[i].virtio);
	}
	if (err == ERR_OK && config->console != NULL) {
		if (config_has_own_console(config))
			err = virtio_console_open_own(&d->console, vm, d->slots, own);
		else
			err = virtio_console_open(&d->console, vm, d->slots, config->console);
		add(d, &d->console.virtio);
	}
	if (err == ERR_OK && config->vsock_cid != 0) {
		err = virtio_vsock_open(&d->vsock, vm, d->slots, config->vsock_cid);
		add(d, &d->vsock.virtio);
	}
	if (err == ERR_OK && config->rng) {
		err = virtio_rng_open(&d->rng, vm, d->slots);
		add(d, &d->rng.virtio);
	}
	if (err == ERR_OK && config->agent) {
		virtio_serial_open(&d->agent, vm, d->slots, AGENT_PORT);
		add(d, &d->agent.virtio);
	}
	return err;
}

void devices_close(struct devices *d)
{
	for (uint32_t i = 0; i < CONFIG_DISKS_MAX; i++)
		virtio_blk_close(&d->disk[i]);
	for (uint32_t i = 0; i < CONFIG_DISKS_MAX; i++)
		vhost_blk_close(&d->vhost_disk[i]);
	for (uint32_t i = 0; i < CONFIG_NETS_MAX; i++)
		virtio_net_close(&d->net[i]);
	virtio_console_close(&d->console);
	virtio_vsock_close(&d->vsock);
	virtio_rng_close(&d->rng);
	virtio_serial_close(&d->agent);
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
