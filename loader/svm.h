/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_SVM_H
#define LOADER_SVM_H

#include "loader/machine.h"

/* What becomes of the service VM whatever table it is given. */

#define SVM_INTID_END 1020

/* Whole pages that are not in its identity map. */
void svm_hide(struct machine *m, uint64_t base, uint64_t bytes);
/* GIC, Caisson's ports, the emulated ones. */
void svm_hide_all(struct machine *m);

/* The distributor's highest SPI whose bit is not set, which is then. */
uint32_t svm_take_intid(const struct machine *m, uint64_t used[SVM_INTID_END / 64 + 1]);

/* The end of its addresses: whole GiBs above top, within what this CPU can address. */
void svm_limit(struct machine *m, uint64_t top);

#endif
