/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MOVE_H
#define VMM_MOVE_H

#include "lib/bits.h"
#include "lib/err.h"

struct vmm;

/*
 * What of a VM's process changes hands when the VM moves: its vCPUs and devices stand still, its
 * disks are another host's. In the loop. Errors are told.
 */

/* Pauses it; after it nothing here writes its memory or disks. After an error move_back() is due.
 */
enum err move_out(struct vmm *vmm) MUST_CHECK;
/* It did not go. was_paused: it was before, and stays so. */
void move_back(struct vmm *vmm, bool was_paused);

/* Where it comes to: the disks are this host's now. */
enum err move_in(struct vmm *vmm) MUST_CHECK;
/* Where the guest's counter stands; 0: nobody knows. */
uint64_t move_guest_count(struct vmm *vmm);
/* It runs here: switches learn where it is, now and a little later. */
void move_announce(struct vmm *vmm);

#endif
