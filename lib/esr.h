/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ESR_H
#define LIB_ESR_H

#include "lib/bits.h"

/*
 * Decoding of ESR_EL2 (Arm ARM DDI 0487 D17.2.37) for exceptions taken from AArch64 state.
 * What an exit needs is inline; the rest is for dumps and rare faults.
 */

/* ESR_ELx.EC. */
enum esr_ec {
	ESR_EC_UNKNOWN = 0x00,
	ESR_EC_WFX = 0x01,
	ESR_EC_CP15_RT = 0x03,
	ESR_EC_CP15_RRT = 0x04,
	ESR_EC_CP14_RT = 0x05,
	ESR_EC_CP14_LS = 0x06,
	ESR_EC_FP_ACCESS = 0x07,
	ESR_EC_PAUTH = 0x09,
	ESR_EC_LS64 = 0x0a,
	ESR_EC_CP14_RRT = 0x0c,
	ESR_EC_BTI = 0x0d,
	ESR_EC_ILLEGAL_STATE = 0x0e,
	ESR_EC_SVC32 = 0x11,
	ESR_EC_HVC32 = 0x12,
	ESR_EC_SMC32 = 0x13,
	ESR_EC_SVC64 = 0x15,
	ESR_EC_HVC64 = 0x16,
	ESR_EC_SMC64 = 0x17,
	ESR_EC_SYSREG = 0x18,
	ESR_EC_SVE = 0x19,
	ESR_EC_ERET = 0x1a,
	ESR_EC_PAUTH_FAIL = 0x1c,
	ESR_EC_SME = 0x1d,
	ESR_EC_GPC = 0x1e,
	ESR_EC_INSN_ABORT_LOWER = 0x20,
	ESR_EC_INSN_ABORT_SAME = 0x21,
	ESR_EC_PC_ALIGNMENT = 0x22,
	ESR_EC_DATA_ABORT_LOWER = 0x24,
	ESR_EC_DATA_ABORT_SAME = 0x25,
	ESR_EC_SP_ALIGNMENT = 0x26,
	ESR_EC_MOPS = 0x27,
	ESR_EC_FP32 = 0x28,
	ESR_EC_FP64 = 0x2c,
	ESR_EC_SERROR = 0x2f,
	ESR_EC_BREAKPOINT_LOWER = 0x30,
	ESR_EC_BREAKPOINT_SAME = 0x31,
	ESR_EC_STEP_LOWER = 0x32,
	ESR_EC_STEP_SAME = 0x33,
	ESR_EC_WATCHPOINT_LOWER = 0x34,
	ESR_EC_WATCHPOINT_SAME = 0x35,
	ESR_EC_BKPT32 = 0x38,
	ESR_EC_VECTOR_CATCH32 = 0x3a,
	ESR_EC_BRK64 = 0x3c,
};

#define ESR_EC_COUNT 64

#define ESR_IL  BIT(25) /* the instruction is 4 bytes long, not 2 */
#define ESR_ISS MASK(24, 0)

/* ISS of data aborts; FNV, EA, S1PTW also of instruction aborts. */
#define ESR_ABORT_ISV   BIT(24)
#define ESR_ABORT_SSE   BIT(21)
#define ESR_ABORT_SF    BIT(15)
#define ESR_ABORT_FNV   BIT(10)
#define ESR_ABORT_EA    BIT(9)
#define ESR_ABORT_CM    BIT(8)
#define ESR_ABORT_S1PTW BIT(7)
#define ESR_ABORT_WNR   BIT(6)

/* ISS encoding of an SError: implementation defined if IDS; DFSC of an asynchronous one. */
#define ESR_SERROR_IDS  BIT(24)
#define ESR_SERROR_DFSC 0x11

/* ISS encoding of a trapped MSR, MRS or System instruction. */
#define ESR_SYSREG_READ BIT(0)

/*
 * A system register's name in 16 bits, as the fields stand in the instruction (DDI 0487 C6.2,
 * MRS: bits 20 to 5, op0's upper bit included): a key for tables.
 */
#define ESR_SYSREG(op0, op1, crn, crm, op2)                                                        \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* What the fault status code (DFSC, IFSC) of an abort says. The first four are its bits 3:2. */
enum esr_fault {
	ESR_FAULT_ADDRESS_SIZE = 0,
	ESR_FAULT_TRANSLATION = 1,
	ESR_FAULT_ACCESS_FLAG = 2,
	ESR_FAULT_PERMISSION = 3,
	ESR_FAULT_EXTERNAL,      /* synchronous, on the access itself */
	ESR_FAULT_EXTERNAL_WALK, /* synchronous, on a table walk */
	ESR_FAULT_TAG_CHECK,
	ESR_FAULT_PARITY, /* or ECC, on the access itself */
	ESR_FAULT_PARITY_WALK,
	ESR_FAULT_ALIGNMENT,
	ESR_FAULT_GRANULE, /* granule protection, on the access or a walk */
	ESR_FAULT_TLB_CONFLICT,
	ESR_FAULT_ATOMIC_UPDATE, /* of a descriptor: hardware cannot */
	ESR_FAULT_LOCKDOWN,      /* implementation defined */
	ESR_FAULT_EXCLUSIVE,     /* implementation defined: unsupported exclusive or atomic */
	ESR_FAULT_UNKNOWN,
};

#define ESR_FAULT_COUNT (ESR_FAULT_UNKNOWN + 1)

/* The access that a data abort tells of; without valid, just write means anything. */
struct esr_access {
	bool valid;         /* ISV: an instruction that can be emulated from what follows */
	bool write;         /* WnR */
	bool sign_extend;   /* SSE: of what is read */
	bool wide;          /* SF: the register is Xn, else Wn, whose upper half becomes 0 */
	unsigned int reg;   /* SRT: 0..30, or 31 for the zero register */
	unsigned int bytes; /* 1, 2, 4 or 8 */
};

static inline enum esr_ec esr_class(uint64_t esr)
{
	return (enum esr_ec)bits_get(esr, 31, 26);
}

/* Data abort from a lower exception level: the access, for emulation. */
static inline struct esr_access esr_access(uint64_t esr)
{
	return (struct esr_access){
		.valid = (esr & ESR_ABORT_ISV) != 0,
		.write = (esr & ESR_ABORT_WNR) != 0,
		.sign_extend = (esr & ESR_ABORT_SSE) != 0,
		.wide = (esr & ESR_ABORT_SF) != 0,
		.reg = (unsigned int)bits_get(esr, 20, 16),
		.bytes = 1u << bits_get(esr, 23, 22),
	};
}

/*
 * The value that a load of access->bytes puts into the register: the low bytes of value, zero
 * or sign extended to 64 bits, or to 32 with the upper half 0.
 */
static inline uint64_t esr_access_extend(const struct esr_access *access, uint64_t value)
{
	unsigned int unused = 64 - 8 * access->bytes;

	value <<= unused;
	value = access->sign_extend ? (uint64_t)((int64_t)value >> unused) : value >> unused;
	return access->wide ? value : (uint32_t)value;
}

/* Table for what esr_fault() does not decode by itself; code is DFSC or IFSC. */
enum esr_fault esr_fault_decode(unsigned int code);

/* Data or instruction abort: why. */
static inline enum esr_fault esr_fault(uint64_t esr)
{
	unsigned int code = esr & 0x3f;

	return code < 16 ? (enum esr_fault)(code >> 2) : esr_fault_decode(code);
}

/* The level of the walk that an abort's fault is about: -1..3, or -2 where it names none. */
int esr_fault_level(uint64_t esr);

/* EC 0x18: the register as ESR_SYSREG makes it. */
static inline unsigned int esr_sysreg(uint64_t esr)
{
	return ESR_SYSREG((unsigned int)bits_get(esr, 21, 20), (unsigned int)bits_get(esr, 16, 14),
			  (unsigned int)bits_get(esr, 13, 10), (unsigned int)bits_get(esr, 4, 1),
			  (unsigned int)bits_get(esr, 19, 17));
}

/* EC 0x18: the general register, 31 being XZR; EC 5: Rt of MRC and MCR. */
static inline unsigned int esr_sysreg_rt(uint64_t esr)
{
	return (unsigned int)bits_get(esr, 9, 5);
}

static inline bool esr_sysreg_is_read(uint64_t esr)
{
	return (esr & ESR_SYSREG_READ) != 0;
}

/* The immediate of HVC, SMC, SVC, BRK. */
static inline unsigned int esr_imm16(uint64_t esr)
{
	return (unsigned int)bits_get(esr, 15, 0);
}

/* EC 1, the field TI of 2 bits. */
enum esr_wfx { ESR_WFX_WFI = 0, ESR_WFX_WFE = 1, ESR_WFX_WFIT = 2, ESR_WFX_WFET = 3 };

static inline enum esr_wfx esr_wfx(uint64_t esr)
{
	return (enum esr_wfx)bits_get(esr, 1, 0);
}

/* For dumps; never NULL. */
const char *esr_class_name(enum esr_ec ec);
const char *esr_fault_name(enum esr_fault fault);

#endif
