/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_USERVM_DIRECT_H
#define TESTS_USERVM_DIRECT_H

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * Memory for tests that make VMs by themselves, without caissond: anonymous huge pages, mapped and
 * pinned. The pages must be there (/proc/sys/vm/nr_hugepages).
 */
struct direct {
	int file;
	int ring;
	uint8_t *store;     /* one block */
	uint8_t *run_pages; /* one block */
	uint8_t *ram;
	uint64_t ram_bytes;
};

/* ram_bytes: whole blocks. Tells what is wrong; direct_close() is due in any case. */
enum err direct_open(struct direct *d, uint64_t ram_bytes) MUST_CHECK;
/* EL2 has let go of it. */
void direct_close(struct direct *d);

#endif
