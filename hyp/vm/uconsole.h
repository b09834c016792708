/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UCONSOLE_H
#define HYP_VM_UCONSOLE_H

#include "lib/bits.h"

/*
 * User VMs' consoles: the calls of abi/hypercall.h on one side; what keeps screens and ports, and
 * is not known here, on the other. Part of the device interface.
 */

/* vm: below CAISSON_MAX_VMS. */
struct uconsole_ops {
	/*
	 * A console of this name with `memory`, whose contents are undefined, 16-byte aligned.
	 * False: there is no place for one. Under LOCK_MANAGE; the VM has none.
	 */
	bool (*attach)(uint32_t vm, const char *name, void *memory, size_t bytes);
	/* It is gone, and its memory not touched any more. Under LOCK_MANAGE. */
	void (*detach)(uint32_t vm);
	/* Between attach() and detach(). No lock that orders after LOCK_SLOT is held. */
	void (*write)(uint32_t vm, const uint8_t *bytes, size_t count);
	size_t (*read)(uint32_t vm, uint8_t *to, size_t room);
	/* columns | rows << 16 */
	uint32_t (*size)(uint32_t vm);
};

/* Boot CPU, once, before any VM is made. */
void uconsole_init(const struct uconsole_ops *ops);

/* There is input for the VM, or its console has another size. Any CPU; takes vGIC locks. */
void uconsole_tell(uint32_t vm);

#endif
