/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/spectre.h"

#include "abi/psci.h"

uint32_t spectre_switch_call(uint64_t id_aa64pfr0, uint64_t id_aa64mmfr1, int32_t workaround_1,
			     int32_t workaround_3)
{
	/* CSV2: branch targets of one context do not steer another (DDI 0487 D24.2.83). */
	bool has_csv2 = bits_get(id_aa64pfr0, 59, 56) != 0;
	/* ECBHB: nor does branch history from before the exception (D24.2.79). */
	bool has_ecbhb = bits_get(id_aa64mmfr1, 63, 60) != 0;

	if (workaround_3 == 0 && !(has_csv2 && has_ecbhb))
		return SMCCC_ARCH_WORKAROUND_3;
	return workaround_1 == 0 && !has_csv2 ? SMCCC_ARCH_WORKAROUND_1 : 0;
}
