/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_DTCPUS_H
#define LIB_DTCPUS_H

#include "lib/bootcpu.h"
#include "lib/fdtw.h"

/*
 * CPUs of a device tree (Devicetree Specification 0.4, 3.8; Linux's bindings arm/cpus.yaml and
 * arm/psci.yaml): how firmware starts them, and a copy of the tree in which they are started by
 * writing to a release word ("spin-table").
 */

/*
 * Fills the list. CPUs whose status is not okay are counted as disabled, but for the one that runs.
 * A CPU's enable-method is its own, or else that of /cpus.
 */
void dtcpus_read(const struct fdt *fdt, uint64_t own_mpidr, struct bootcpu_list *list);

/* What is to become of a CPU of the list. */
struct dtcpus_use {
	bool used;        /* false: its node is removed */
	uint64_t release; /* address of its release word, a multiple of 8; 0: it runs already */
};

struct dtcpus_change {
	const struct bootcpu_list *list;
	const struct dtcpus_use *use; /* of list->cpu[] */
	/* Pages that are the CPUs': a memory reservation and a reserved-memory node for each. */
	const struct fdt_region *reserve;
	uint32_t reserve_count;
	bool no_map; /* the reserved-memory nodes say no-map */
	/* What /chosen is to hand over to a kernel, in place of what firmware or Caisson was given.
	 */
	bool hands_over;
	const char *bootargs; /* not NUL-terminated; bytes 0: none */
	size_t bootargs_bytes;
	struct fdt_region initrd; /* bytes 0: none */
};

/*
 * Writes the changed tree to out (8-byte aligned). CPUs that are used get enable-method spin-table
 * and cpu-release-addr, or neither; other CPU nodes go, and cpu-map with them; so do PSCI nodes and
 * what CPUs refer to them for. All else is copied as it stands. ERR_NO_MEMORY: more than bytes_max
 * (fdt->bytes + DTCPUS_ROOM() + bootargs_bytes is enough); ERR_RANGE: an address does not fit into
 * the tree's cells.
 */
enum err dtcpus_write(const struct fdt *fdt, const struct dtcpus_change *change, void *out,
		      size_t bytes_max, size_t *bytes) MUST_CHECK;

#define DTCPUS_ROOM(cpus, regions) (1024 + 64 * (size_t)(cpus) + 128 * (size_t)(regions))

#endif
