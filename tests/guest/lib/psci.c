// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/dt.h"

bool psci_by_smc;

void psci_init(void)
{
	struct dt_node node;
	const char *method = NULL;

	if (dt_find_path("/psci", &node))
		method = dt_prop_string(&node, "method");
	psci_by_smc = method && method[0] == 's';
}

int64_t psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc_regs regs = {.x = {function, a1, a2, a3}};

	if (psci_by_smc)
		smccc_smc(&regs);
	else
		smccc_hvc(&regs);
	return (int64_t)regs.x[0];
}

void psci_system_off(void)
{
	(void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}
