/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * A VM's devices by their guest addresses. Devices are added before the first vCPU runs and stay;
 * after that the bus is only read, by any thread, without a lock.
 */

struct device;

struct device_ops {
	/*
	 * A guest's access of 1, 2, 4 or 8 bytes, wholly inside the device but of any alignment,
	 * from any vCPU's thread, also several at once: the device has its own lock, under which no
	 * other is taken. What a read gives beyond `bytes` is ignored, and 0 in a write's value.
	 */
	uint64_t (*read)(struct device *d, uint64_t offset, unsigned int bytes);
	void (*write)(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value);
};

/* A part of a device's own struct: CONTAINER_OF() leads there. */
struct device {
	const char *name;
	uint64_t base;
	uint64_t bytes;
	const struct device_ops *ops;
};

#define BUS_DEVICES_MAX 64

struct bus {
	struct device *device[BUS_DEVICES_MAX]; /* by address */
	uint32_t count;
};

/* ERR_OVERLAP: something is there already. ERR_NO_MEMORY: there are too many. */
enum err bus_add(struct bus *bus, struct device *d) MUST_CHECK;

/* The device at this address; NULL. */
struct device *bus_find(const struct bus *bus, uint64_t ipa);

/*
 * A guest's access: *value is what it writes, or gets what it reads. ERR_NOT_FOUND: nothing is
 * there, or not for all of the bytes. *last is the device of the caller's last access, which is
 * looked at first, or NULL.
 */
enum err bus_access(const struct bus *bus, struct device **last, uint64_t ipa, unsigned int bytes,
		    bool write, uint64_t *value) MUST_CHECK;

#endif
