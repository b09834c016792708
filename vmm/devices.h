/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include "vmm/config.h"
#include "vmm/machine.h"
#include "vmm/vhost_blk.h"
#include "vmm/virtio_blk.h"
#include "vmm/virtio_console.h"
#include "vmm/virtio_net.h"
#include "vmm/virtio_rng.h"
#include "vmm/virtio_serial.h"
#include "vmm/virtio_vsock.h"

struct vm;

/*
 * The virtio devices that a configuration asks for, on the board's slots from the first on, in
 * this order: disks, network cards, console, vsock, source of random numbers, the guest agent's
 * port. They live as long as the process runs the VM; when the VM starts anew they are reset.
 */
struct devices {
	struct virtio_blk disk[CONFIG_DISKS_MAX];
	struct vhost_blk vhost_disk[CONFIG_DISKS_MAX]; /* a disk is one or the other */
	struct virtio_net net[CONFIG_NETS_MAX];
	struct virtio_console console;
	struct virtio_vsock vsock;
	struct virtio_rng rng;
	struct virtio_serial agent; /* to be given its socket before the VM starts */
	struct virtio *virtio[MACHINE_VIRTIO_SLOTS];
	uint32_t slots; /* in use */
};

/*
 * Opens files and starts threads: before memory is set aside, so that what is missing is told
 * first. vm: where it will be. own: the machine's own console, should the configuration have it on
 * virtio. Tells what is wrong; devices_close() is due in any case.
 */
enum err devices_open(struct devices *d, struct vm *vm, const struct vm_config *config,
		      const struct virtio_console_own *own) MUST_CHECK;
void devices_close(struct devices *d);

/* Resets all devices and puts them on the VM's bus. The VM was just made, no vCPU runs yet. */
enum err devices_attach(struct devices *d) MUST_CHECK;
/* No vCPU runs any more: nothing of the VM's memory is used after this. */
void devices_detach(struct devices *d);

#endif
