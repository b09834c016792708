/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_SMCCC_H
#define HYP_VM_SMCCC_H

#include "abi/bootinfo.h"

/* Asks the firmware what it offers of what guests may have of it. Boot CPU, once. */
void smccc_init(const struct bootinfo *bi);

#endif
