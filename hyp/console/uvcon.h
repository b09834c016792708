/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_UVCON_H
#define HYP_CONSOLE_UVCON_H

/* Makes console objects for user VMs. Boot CPU, once. */
void uvcon_init(void);

#endif
