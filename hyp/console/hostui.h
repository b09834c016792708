/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_HOSTUI_H
#define HYP_CONSOLE_HOSTUI_H

/*
 * The console `hostui`: machine and VMs on one screen (lib/hostui.h), made anew each second while a
 * port shows it. Boot CPU, once, from consoles_init().
 */
void hostui_start(void);

#endif
