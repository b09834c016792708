/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VDEV_H
#define HYP_VM_VDEV_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * The device interface of a VM: how the rest of the hypervisor gives it emulated devices
 * without knowing what a VM is made of. Everything a guest does through it is hostile.
 */

struct vm;
struct vcpu;

struct vdev_access {
	uint64_t offset;    /* from the device's base, a multiple of bytes */
	unsigned int bytes; /* 1, 2, 4 or 8; offset + bytes lies within the device */
	bool write;
	uint64_t value; /* written; or to be filled in, zero-extended */
	/* May be set by a read: the answer is with another CPU, the guest is to read again. */
	bool retry;
};

/*
 * Carries out one access of the vCPU that runs on this CPU. False: the device does not accept
 * it (size, register); the guest gets a synchronous external abort. Called with no lock held;
 * must not block.
 */
typedef bool vdev_access_fn(void *dev, struct vcpu *vcpu, struct vdev_access *access);

struct vdev {
	const char *name;
	uint64_t base; /* IPA, 4 KiB aligned, unmapped in stage 2 */
	uint64_t bytes;
	vdev_access_fn *access;
	void *dev;
};

/* Adds a device. Only while the VM is being made. ERR_NO_MEMORY, ERR_OVERLAP, ERR_INVALID. */
enum err vdev_register(struct vm *vm, const struct vdev *vdev) MUST_CHECK;

/*
 * Sets the level of an emulated device's interrupt line (a level-sensitive SPI of the VM's
 * vGIC). Any CPU, any time; takes vGIC locks, so never call it with one held.
 */
void vdev_irq_set(struct vm *vm, uint32_t intid, bool level);

#endif
