/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/charwidth.h"

#include "lib/charwidth_table.h"

unsigned int charwidth(uint32_t code_point)
{
	size_t low = 0, high = ARRAY_SIZE(charwidth_table);

	/* Lines and blocks: most of what is not ASCII on a console. */
	if (code_point < charwidth_table[0] >> 2 || (code_point >= 0x2500 && code_point < 0x25fd))
		return 1;
	/* The last entry that does not lie behind it. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (charwidth_table[middle] >> 2 <= code_point)
			low = middle;
		else
			high = middle;
	}
	return charwidth_table[low] & 3;
}
