/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_FWCONFIG_H
#define VMM_FWCONFIG_H

#include <pthread.h>

#include "lib/fwcfg.h"
#include "vmm/bus.h"
#include "vmm/smbios.h"

struct stream;
struct stream_section;
struct vm;

/* QEMU's firmware configuration device, which tells firmware how many CPUs there are, and
 * what is to be told of the machine. */
struct fwconfig {
	struct device device;
	struct vm *vm;
	pthread_mutex_t lock;
	uint32_t cpus;
	struct fwcfg model; /* under the lock */
	struct smbios smbios;
};

enum err fwconfig_open(struct fwconfig *f, struct vm *vm, uint32_t cpus) MUST_CHECK;
/* Makes the SMBIOS tables; once, before fwconfig_attach(). */
enum err fwconfig_describe(struct fwconfig *f, const struct smbios_config *config) MUST_CHECK;
/* Resets it and puts it on the VM's bus; no vCPU runs yet. */
enum err fwconfig_attach(struct fwconfig *f) MUST_CHECK;

/* State, while no vCPU runs; load: of one that was just attached. */
enum err fwconfig_save(struct fwconfig *f, struct stream *s) MUST_CHECK;
enum err fwconfig_load(struct fwconfig *f, struct stream *s,
		       const struct stream_section *section) MUST_CHECK;

#endif
