// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/move.h"

#include "vmm/say.h"
#include "vmm/state.h"
#include "vmm/vmm.h"

static enum err disks_let_go(struct vmm *vmm)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < vmm->config.disks; i++) {
		if (vmm->config.disk[i].format == DISK_RAW)
			err = virtio_blk_let_go(&vmm->devices.disk[i]);
		else
			vhost_blk_let_go(&vmm->devices.vhost_disk[i]);
	}
	for (uint32_t i = 0;
	     err == ERR_OK && vmm->board.firmware && i < ARRAY_SIZE(vmm->board.flash); i++)
		err = flash_let_go(&vmm->board.flash[i]);
	return err;
}

enum err move_out(struct vmm *vmm)
{
	enum err err;

	vmm_pause(vmm);
	err = state_hold(vmm);
	return err == ERR_OK ? disks_let_go(vmm) : err;
}

void move_back(struct vmm *vmm, bool was_paused)
{
	for (uint32_t i = 0; i < vmm->config.disks; i++) {
		if (vmm->config.disk[i].format == DISK_RAW)
			virtio_blk_take_back(&vmm->devices.disk[i]);
		else if (vhost_blk_take_back(&vmm->devices.vhost_disk[i]) != ERR_OK)
			vm_end(&vmm->vm, VM_FAILED);
	}
	for (uint32_t i = 0; vmm->board.firmware && i < ARRAY_SIZE(vmm->board.flash); i++)
		flash_take_back(&vmm->board.flash[i]);
	state_go_on(vmm);
	if (!was_paused)
		vmm_resume(vmm);
}

enum err move_in(struct vmm *vmm)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < vmm->config.disks; i++)
		err = vmm->config.disk[i].format == DISK_RAW
			      ? virtio_blk_take_over(&vmm->devices.disk[i])
			      : vhost_blk_take_over(&vmm->devices.vhost_disk[i]);
	for (uint32_t i = 0;
	     err == ERR_OK && vmm->board.firmware && i < ARRAY_SIZE(vmm->board.flash); i++)
		err = flash_take_over(&vmm->board.flash[i]);
	return err;
}

static void announce(struct vmm *vmm)
{
	for (uint32_t i = 0; i < vmm->config.nets; i++)
		virtio_net_announce(&vmm->devices.net[i]);
}

/* A frame may be lost, and a bridge forward none at first: so it is said again. */
static void on_announce(void *arg, unsigned int events)
{
	static const uint64_t ms[] = {100, 300, 1000, 3000};
	struct vmm *vmm = arg;

	announce(vmm);
	if (vmm->announced < ARRAY_SIZE(ms) &&
	    loop_start_timer(&vmm->announce, ms[vmm->announced++]) == ERR_OK)
		return;
	loop_remove(&vmm->announce);
}

void move_announce(struct vmm *vmm)
{
	vmm->announced = 0;
	if (vmm->config.nets == 0)
		return;
	if (loop_add_timer(&vmm->loop, &vmm->announce, on_announce, vmm) == ERR_OK)
		on_announce(vmm, 0);
	else
		announce(vmm);
}

uint64_t move_guest_count(struct vmm *vmm)
{
	struct hyp_vm_time now;

	return hyp_vm_time_get(&vmm->vm.token, &now) == CAISSON_OK ? now.guest : 0;
}
