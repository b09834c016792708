/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_PAYLOAD_H
#define LOADER_PAYLOAD_H

#include "loader/machine.h"

/*
 * Finds what the service VM is made of: the files that caisson.cfg named, or Xen-style multiboot
 * modules under /chosen, or a bundle (a newc cpio archive with the files kernel, initrd, cmdline)
 * in the initrd slot; the first of these that is there.
 * Fills the payload's part of m, and m->info.cmdline. Stops with a message when there is no
 * kernel or it cannot be started.
 */
void payload_find(struct machine *m);

/*
 * Puts the kernel where it can run, which may be where it is. After that the memory it needs
 * is busy, and m->info.svm_entry set.
 */
void payload_place(struct machine *m);

/* Why image_parse() (lib/image.h) refused a kernel: the end of a sentence. */
const char *payload_image_why(enum err err);

#endif
