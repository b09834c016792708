/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_EFICON_H
#define LOADER_EFICON_H

#include "loader/efi.h"

/* On UEFI's console, while there are boot services. What is no ASCII is shown as '?'. */
void eficon_print(const struct efi *efi, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The line that tells why Caisson does not start, and what to do. Returns status. */
efi_status eficon_refuse(const struct efi *efi, efi_status status, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
