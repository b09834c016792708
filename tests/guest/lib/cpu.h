/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers, barriers, locks and time for bare-metal payloads at EL1. */

#define MAX_CPUS        8
#define CPU_STACK_BYTES 0x4000

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define SYSREG_STRING_(x) #x
#define SYSREG_STRING(x)  SYSREG_STRING_(x)

/* reg: a name the assembler knows, or S<op0>_<op1>_C<n>_C<m>_<op2>. */
#define sysreg_read(reg)                                                                           \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " SYSREG_STRING(reg) : "=r"(value_)::"memory");          \
		value_;                                                                            \
	})
#define sysreg_write(reg, value)                                                                   \
	__asm__ volatile("msr " SYSREG_STRING(reg) ", %0" ::"r"((uint64_t)(value)) : "memory")

#define isb()   __asm__ volatile("isb" ::: "memory")
#define dsb()   __asm__ volatile("dsb sy" ::: "memory")
#define wfi()   __asm__ volatile("dsb sy\n\twfi" ::: "memory")
#define wfe()   __asm__ volatile("wfe" ::: "memory")
#define sev()   __asm__ volatile("dsb sy\n\tsev" ::: "memory")
#define relax() __asm__ volatile("yield" ::: "memory")

#define irq_enable()  __asm__ volatile("msr daifclr, #3\n\tisb" ::: "memory") /* IRQ and FIQ */
#define irq_disable() __asm__ volatile("msr daifset, #3\n\tisb" ::: "memory")

/* ICC registers by encoding: assemblers know these names only with some -march. */
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR0_EL1    S3_0_C12_C8_0
#define ICC_EOIR0_EL1   S3_0_C12_C8_1
#define ICC_HPPIR0_EL1  S3_0_C12_C8_2
#define ICC_BPR0_EL1    S3_0_C12_C8_3
#define ICC_AP0R0_EL1   S3_0_C12_C8_4
#define ICC_AP1R0_EL1   S3_0_C12_C9_0
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_RPR_EL1     S3_0_C12_C11_3
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_ASGI1R_EL1  S3_0_C12_C11_6
#define ICC_SGI0R_EL1   S3_0_C12_C11_7
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_HPPIR1_EL1  S3_0_C12_C12_2
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7

static inline uint64_t bits(uint64_t value, unsigned int hi, unsigned int lo)
{
	return (value >> lo) & (~UINT64_C(0) >> (63 - (hi - lo)));
}

static inline uint8_t mmio_read8(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return (uint8_t)v;
}

static inline uint16_t mmio_read16(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return (uint16_t)v;
}

static inline uint32_t mmio_read32(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

static inline uint64_t mmio_read64(uint64_t addr)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

static inline void mmio_write8(uint64_t addr, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"((uint32_t)v), "r"(addr) : "memory");
}

static inline void mmio_write16(uint64_t addr, uint16_t v)
{
	__asm__ volatile("strh %w0, [%1]" ::"r"((uint32_t)v), "r"(addr) : "memory");
}

static inline void mmio_write32(uint64_t addr, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

static inline void mmio_write64(uint64_t addr, uint64_t v)
{
	__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

struct spinlock {
	uint32_t held;
};

static inline void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		relax();
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/* The virtual counter, not read ahead of what comes before. */
static inline uint64_t time_now(void)
{
	isb();
	return sysreg_read(cntvct_el0);
}

static inline uint64_t time_ticks_us(uint64_t us)
{
	return sysreg_read(cntfrq_el0) / 1000 * us / 1000;
}

static inline void time_delay_us(uint64_t us)
{
	uint64_t start = time_now();

	while (time_now() - start < time_ticks_us(us))
		relax();
}

/* Polls cond for at most ms milliseconds; true if it became true. */
#define wait_for(cond, ms)                                                                         \
	({                                                                                         \
		uint64_t start_ = time_now(), limit_ = time_ticks_us((ms)*UINT64_C(1000));         \
		bool done_;                                                                        \
		while (!(done_ = (cond)) && time_now() - start_ < limit_)                          \
			relax();                                                                   \
		done_;                                                                             \
	})

/* The affinity fields of MPIDR_EL1. */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

struct fault {
	unsigned int count; /* exceptions since fault_begin(); the rest describes the first */
	uint64_t esr, far, elr;
};

struct exc_frame;

/* One CPU; TPIDR_EL1 points at it. start.S knows the offsets of the members up to suspend_sp. */
struct cpu {
	uint64_t index;
	uint64_t mpidr; /* affinity fields */
	uint64_t gicr;  /* its redistributor; 0 without a GICv3 */
	/* Of a secondary, as it was entered. */
	uint64_t entry_sctlr, entry_daif, entry_currentel;
	uint64_t suspend_sp;
	bool online;
	bool expecting; /* between fault_begin() and fault_end() */
	struct fault fault;
	/* Called for IRQ and FIQ; none: an interrupt is fatal. */
	void (*irq_hook)(bool fiq);
	/* Called first for a synchronous exception or SError; true: dealt with. */
	bool (*sync_hook)(struct exc_frame *frame, unsigned int vector);
	void (*job)(void *arg); /* see smp.h */
	void *job_arg;
	/* GICv2: its bit in target lists; who sent the SGIs that it acknowledged last. */
	uint32_t gic_mask;
	uint8_t sgi_from[16];
} __attribute__((aligned(64)));

extern struct cpu cpus[MAX_CPUS];
extern unsigned int cpu_count; /* as the device tree says, at most MAX_CPUS */

static inline struct cpu *cpu_this(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

/* CNTVCT_EL0 at the image's first instruction; where the image and the device tree lie. */
extern uint64_t guest_entry_cntvct;
extern uint64_t guest_image_base;
extern uint64_t guest_dtb;

/* The image's first byte after bss. */
extern char image_end[];

/* Cleans and invalidates [addr, addr + bytes) to the point of coherency. */
void cache_flush(const void *addr, size_t bytes);

/*
 * Identity map of the first 512 GiB in 1 GiB blocks: what holds RAM is Normal, the rest Device,
 * without execute. The table is made once; each CPU turns it on for itself.
 */
void mmu_build(void);
void mmu_enable(void);
void mmu_disable(void);
/*
 * A 4 KiB page of address space outside the identity map: maps page there (NULL: nothing), with
 * TLB maintenance for all CPUs, and returns its address.
 */
uint64_t mmu_window(const void *page);
/* The same with the address of a last-level table instead of a page. */
uint64_t mmu_window_table(uint64_t address);
/* For CPU cpu: two pages for EL0, one to execute and one to read and write; returns the first. */
uint64_t mmu_window_el0(unsigned int cpu, const void *code, const void *data);
/* Maps addr's 1 GiB as Normal and executable, whatever is there. */
void mmu_executable(uint64_t addr);

/* A payload's program. Boot CPU, MMU on, interrupts masked. Returning ends the run. */
void payload_main(void);

#endif
