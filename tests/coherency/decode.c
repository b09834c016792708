// SPDX-License-Identifier: BSD-2-Clause
#include "tests/coherency/decode.h"

#include <stddef.h>

#define SYS_MASK          0xffffffe0
#define SYS(op1, n, m, o) (0xd5080000u | (op1) << 16 | (n) << 12 | (m) << 8 | (o) << 5)
#define MSR(op1, n, m, o) (0xd5180000u | (op1) << 16 | (n) << 12 | (m) << 8 | (o) << 5)
#define RT(insn)          ((insn)&31)

static const struct {
	uint32_t mask, value;
	enum decode_op op;
} table[] = {
	{SYS_MASK, SYS(3, 7, 11, 1), OP_DC_CLEAN_POU},
	{SYS_MASK, SYS(3, 7, 10, 1), OP_DC_CLEAN_POC}, /* CVAC */
	{SYS_MASK, SYS(3, 7, 12, 1), OP_DC_CLEAN_POC}, /* CVAP */
	{SYS_MASK, SYS(3, 7, 13, 1), OP_DC_CLEAN_POC}, /* CVADP */
	{SYS_MASK, SYS(3, 7, 14, 1), OP_DC_CLEAN_POC}, /* CIVAC */
	{SYS_MASK, SYS(3, 7, 10, 5), OP_DC_CLEAN_POC}, /* CGDVAC */
	{SYS_MASK, SYS(3, 7, 14, 5), OP_DC_CLEAN_POC}, /* CIGDVAC */
	{SYS_MASK, SYS(0, 7, 6, 1), OP_DC_DISCARD},
	{SYS_MASK, SYS(3, 7, 4, 1), OP_DC_ZERO},     /* ZVA */
	{SYS_MASK, SYS(3, 7, 4, 4), OP_DC_ZERO},     /* GZVA */
	{SYS_MASK, SYS(0, 7, 10, 2), OP_DC_SET_WAY}, /* CSW */
	{SYS_MASK, SYS(0, 7, 14, 2), OP_DC_SET_WAY}, /* CISW */
	{SYS_MASK, SYS(3, 7, 5, 1), OP_IC_ADDRESS},
	{SYS_MASK, SYS(0, 7, 5, 0), OP_IC_ALL},
	{SYS_MASK, SYS(0, 7, 1, 0), OP_IC_ALL_CPUS},
	{0xfff8e000, 0xd5088000, OP_TLBI}, /* CRn 8 and 9 */
	{0xfffff3ff, 0xd503339f, OP_DSB},  /* CRm = xx11: loads and stores, each domain */
	{0xfffff3ff, 0xd503323f, OP_DSB},  /* DSB nXS */
	{0xffffffff, 0xd5033fdf, OP_SYNC}, /* ISB */
	{0xffffffff, 0xd69f03e0, OP_SYNC}, /* ERET, ERETAA, ERETAB */
	{0xffffffff, 0xd69f0bff, OP_SYNC},
	{0xffffffff, 0xd69f0fff, OP_SYNC},
	{SYS_MASK, MSR(0, 1, 0, 0), OP_CONTROL}, /* SCTLR_EL1 */
	{SYS_MASK, MSR(4, 1, 0, 0), OP_CONTROL}, /* SCTLR_EL2 */
	{SYS_MASK, MSR(4, 1, 1, 0), OP_CONTROL}, /* HCR_EL2 */
	{SYS_MASK, MSR(0, 2, 0, 0), OP_TABLES},  /* TTBR0_EL1 */
	{SYS_MASK, MSR(0, 2, 0, 1), OP_TABLES},  /* TTBR1_EL1 */
	{SYS_MASK, MSR(0, 2, 0, 2), OP_TABLES},  /* TCR_EL1 */
	{SYS_MASK, MSR(4, 2, 0, 0), OP_TABLES},  /* TTBR0_EL2 */
	{SYS_MASK, MSR(4, 2, 0, 2), OP_TABLES},  /* TCR_EL2 */
	{SYS_MASK, MSR(4, 2, 1, 0), OP_TABLES},  /* VTTBR_EL2 */
	{SYS_MASK, MSR(4, 2, 1, 2), OP_TABLES},  /* VTCR_EL2 */
	{0xffe0001f, 0xd4000002, OP_LEAVES},     /* HVC */
	{0xffe0001f, 0xd4000003, OP_LEAVES},     /* SMC */
	{0xffffffff, 0xd503207f, OP_LEAVES},     /* WFI */
};

enum decode_op decode(uint32_t insn, unsigned int *rt)
{
	size_t i;

	*rt = RT(insn);
	/* All of them are in "branches, exception generating and system instructions". */
	if ((insn & 0x1c000000) != 0x14000000)
		return OP_NONE;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if ((insn & table[i].mask) == table[i].value)
			return table[i].op;
	return OP_NONE;
}

bool decode_is_patchable(uint32_t insn)
{
	uint32_t exception = insn & 0xffe0001f;

	return (insn & 0x7c000000) == 0x14000000 || /* B, BL */
	       exception == 0xd4000001 || exception == 0xd4000002 || exception == 0xd4000003 ||
	       exception == 0xd4200000 ||                  /* SVC, HVC, SMC, BRK */
	       insn == 0xd503201f || insn == 0xd5033fdf || /* NOP, ISB */
	       insn == 0xaa1e03e9;                         /* MOV X9, X30 */
}

bool decode_is_load_store(uint32_t insn)
{
	return (insn & 0x0a000000) == 0x08000000; /* loads and stores: bits 28:25 are x1x0 */
}
