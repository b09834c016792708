/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/esr.h"

#define CODE_COUNT 64

/* DFSC and IFSC, DDI 0487 D17.2.37; the two encodings agree where both define a code. */
static const uint8_t fault_of_code[CODE_COUNT] = {
	[0x00 ... 0x03] = ESR_FAULT_ADDRESS_SIZE,
	[0x04 ... 0x07] = ESR_FAULT_TRANSLATION,
	[0x08 ... 0x0b] = ESR_FAULT_ACCESS_FLAG,
	[0x0c ... 0x0f] = ESR_FAULT_PERMISSION,
	[0x10] = ESR_FAULT_EXTERNAL,
	[0x11] = ESR_FAULT_TAG_CHECK,
	[0x12] = ESR_FAULT_UNKNOWN,
	[0x13 ... 0x17] = ESR_FAULT_EXTERNAL_WALK,
	[0x18] = ESR_FAULT_PARITY,
	[0x19 ... 0x1a] = ESR_FAULT_UNKNOWN,
	[0x1b ... 0x1f] = ESR_FAULT_PARITY_WALK,
	[0x20] = ESR_FAULT_UNKNOWN,
	[0x21] = ESR_FAULT_ALIGNMENT,
	[0x22] = ESR_FAULT_UNKNOWN,
	[0x23 ... 0x28] = ESR_FAULT_GRANULE,
	[0x29] = ESR_FAULT_ADDRESS_SIZE,
	[0x2a] = ESR_FAULT_UNKNOWN,
	[0x2b] = ESR_FAULT_TRANSLATION,
	[0x2c ... 0x2f] = ESR_FAULT_UNKNOWN,
	[0x30] = ESR_FAULT_TLB_CONFLICT,
	[0x31] = ESR_FAULT_ATOMIC_UPDATE,
	[0x32 ... 0x33] = ESR_FAULT_UNKNOWN,
	[0x34] = ESR_FAULT_LOCKDOWN,
	[0x35] = ESR_FAULT_EXCLUSIVE,
	[0x36 ... 0x3f] = ESR_FAULT_UNKNOWN,
};

static const char *const fault_names[ESR_FAULT_COUNT] = {
	[ESR_FAULT_ADDRESS_SIZE] = "address size fault",
	[ESR_FAULT_TRANSLATION] = "translation fault",
	[ESR_FAULT_ACCESS_FLAG] = "access flag fault",
	[ESR_FAULT_PERMISSION] = "permission fault",
	[ESR_FAULT_EXTERNAL] = "external abort",
	[ESR_FAULT_EXTERNAL_WALK] = "external abort on table walk",
	[ESR_FAULT_TAG_CHECK] = "tag check fault",
	[ESR_FAULT_PARITY] = "parity or ECC error",
	[ESR_FAULT_PARITY_WALK] = "parity or ECC error on table walk",
	[ESR_FAULT_ALIGNMENT] = "alignment fault",
	[ESR_FAULT_GRANULE] = "granule protection fault",
	[ESR_FAULT_TLB_CONFLICT] = "TLB conflict",
	[ESR_FAULT_ATOMIC_UPDATE] = "unsupported atomic hardware update",
	[ESR_FAULT_LOCKDOWN] = "lockdown fault",
	[ESR_FAULT_EXCLUSIVE] = "unsupported exclusive or atomic access",
	[ESR_FAULT_UNKNOWN] = "unknown fault",
};

static const char *const class_names[ESR_EC_COUNT] = {
	[ESR_EC_UNKNOWN] = "unknown reason (undefined instruction)",
	[ESR_EC_WFX] = "WFI or WFE",
	[ESR_EC_CP15_RT] = "AArch32 MCR or MRC, coproc 15",
	[ESR_EC_CP15_RRT] = "AArch32 MCRR or MRRC, coproc 15",
	[ESR_EC_CP14_RT] = "AArch32 MCR or MRC, coproc 14",
	[ESR_EC_CP14_LS] = "AArch32 LDC or STC, coproc 14",
	[ESR_EC_FP_ACCESS] = "SVE, SIMD or floating point access",
	[ESR_EC_PAUTH] = "pointer authentication instruction",
	[ESR_EC_LS64] = "64-byte load or store",
	[ESR_EC_CP14_RRT] = "AArch32 MRRC, coproc 14",
	[ESR_EC_BTI] = "branch target",
	[ESR_EC_ILLEGAL_STATE] = "illegal execution state",
	[ESR_EC_SVC32] = "AArch32 SVC",
	[ESR_EC_HVC32] = "AArch32 HVC",
	[ESR_EC_SMC32] = "AArch32 SMC",
	[ESR_EC_SVC64] = "SVC",
	[ESR_EC_HVC64] = "HVC",
	[ESR_EC_SMC64] = "SMC",
	[ESR_EC_SYSREG] = "MSR, MRS or system instruction",
	[ESR_EC_SVE] = "SVE access",
	[ESR_EC_ERET] = "ERET",
	[ESR_EC_PAUTH_FAIL] = "pointer authentication failure",
	[ESR_EC_SME] = "SME access",
	[ESR_EC_GPC] = "granule protection check",
	[ESR_EC_INSN_ABORT_LOWER] = "instruction abort from a lower EL",
	[ESR_EC_INSN_ABORT_SAME] = "instruction abort from the same EL",
	[ESR_EC_PC_ALIGNMENT] = "PC alignment",
	[ESR_EC_DATA_ABORT_LOWER] = "data abort from a lower EL",
	[ESR_EC_DATA_ABORT_SAME] = "data abort from the same EL",
	[ESR_EC_SP_ALIGNMENT] = "SP alignment",
	[ESR_EC_MOPS] = "memory copy or set",
	[ESR_EC_FP32] = "AArch32 floating point exception",
	[ESR_EC_FP64] = "floating point exception",
	[ESR_EC_SERROR] = "SError",
	[ESR_EC_BREAKPOINT_LOWER] = "breakpoint from a lower EL",
	[ESR_EC_BREAKPOINT_SAME] = "breakpoint from the same EL",
	[ESR_EC_STEP_LOWER] = "software step from a lower EL",
	[ESR_EC_STEP_SAME] = "software step from the same EL",
	[ESR_EC_WATCHPOINT_LOWER] = "watchpoint from a lower EL",
	[ESR_EC_WATCHPOINT_SAME] = "watchpoint from the same EL",
	[ESR_EC_BKPT32] = "AArch32 BKPT",
	[ESR_EC_VECTOR_CATCH32] = "AArch32 vector catch",
	[ESR_EC_BRK64] = "BRK",
};

enum esr_fault esr_fault_decode(unsigned int code)
{
	return code < CODE_COUNT ? (enum esr_fault)fault_of_code[code] : ESR_FAULT_UNKNOWN;
}

int esr_fault_level(uint64_t esr)
{
	unsigned int code = esr & 0x3f;

	/* Codes with the level in their low bits, and those that level -1 got apart from them. */
	switch (code) {
	case 0x00 ... 0x0f:
	case 0x14 ... 0x17:
	case 0x1c ... 0x1f:
	case 0x24 ... 0x27:
		return (int)(code & 3);
	case 0x13:
	case 0x1b:
	case 0x23:
	case 0x29:
	case 0x2b:
		return -1;
	default:
		return -2;
	}
}

const char *esr_class_name(enum esr_ec ec)
{
	const char *name = (unsigned int)ec < ESR_EC_COUNT ? class_names[ec] : NULL;

	return name != NULL ? name : "reserved exception class";
}

const char *esr_fault_name(enum esr_fault fault)
{
	return fault_names[(unsigned int)fault < ESR_FAULT_COUNT ? fault : ESR_FAULT_UNKNOWN];
}
