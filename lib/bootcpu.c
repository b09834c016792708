/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/bootcpu.h"

void bootcpu_init(struct bootcpu_list *list, struct bootcpu *cpu, uint32_t max)
{
	*list = (struct bootcpu_list){.cpu = cpu, .max = max, .boot = BOOTCPU_NOWHERE};
}

/* What an earlier CPU means for a new one. */
static void compare(const struct bootcpu *earlier, struct bootcpu *cpu)
{
	if (earlier->mpidr == cpu->mpidr)
		cpu->problem = "an earlier CPU has the same MPIDR";
	if (earlier->protocol != cpu->protocol || earlier->address != cpu->address)
		return;
	if (cpu->protocol == BOOTCPU_SPIN_TABLE)
		cpu->shares = true;
	else if (cpu->protocol == BOOTCPU_PARKING && cpu->problem == NULL)
		cpu->problem = "an earlier CPU has the same mailbox";
}

void bootcpu_add(struct bootcpu_list *list, const struct bootcpu *cpu, uint64_t own_mpidr)
{
	bool is_boot = cpu->mpidr == own_mpidr && list->boot == BOOTCPU_NOWHERE;

	if (list->count == list->max) {
		list->beyond++;
		if (!is_boot || list->max == 0)
			return;
		list->count--;
	}

	struct bootcpu *new = &list->cpu[list->count];

	*new = *cpu;
	for (uint32_t i = 0; i < list->count && new->problem == NULL; i++)
		compare(&list->cpu[i], new);
	if (is_boot)
		list->boot = list->count;
	list->count++;
}
