/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DETACH_H
#define VMM_DETACH_H

#include "lib/bits.h"

struct vmm;

/*
 * A VM's process that is to outlive the command that makes it: a child, in a session of its own;
 * the command waits until the VM runs, or what became of it.
 */

/*
 * Returns -1 in the new process; in the old one, when the VM runs, the exit status (enum
 * cli_status). print: the VM's name then goes to standard output.
 */
int detach_begin(bool print);

/* For vmm_run(). Does nothing in a process that was not detached. */
void detach_done(struct vmm *vmm);

#endif
