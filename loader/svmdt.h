/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_SVMDT_H
#define LOADER_SVMDT_H

#include "loader/machine.h"

/*
 * Chooses the event line's page and interrupt, what is hidden from the service VM and where its
 * address space ends, then writes its device tree: firmware's, without what Caisson keeps. Fills
 * the svm_ and hidden members of m->info. To be called once.
 */
void svmdt_write(struct machine *m);

#endif
