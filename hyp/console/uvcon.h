/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_UVCON_H
#define HYP_CONSOLE_UVCON_H

#include "lib/bits.h"

/* Makes console objects for user VMs. Boot CPU, once. */
void uvcon_init(void);

/* The key of the VM's console; 0: it has none. vm: below CAISSON_MAX_VMS. Any CPU. */
char uvcon_key(uint32_t vm);

#endif
