/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_PROBES_H
#define BENCH_PROBES_H

#include <stdint.h>

/*
 * One function per thing measured (probes.S). Interrupts are masked when they are called, and
 * VBAR_EL1 holds probe_vectors. Results are in ticks of CNTVCT_EL0.
 */

extern char probe_vectors[];
extern char probe_vectors_uart[]; /* for probe_uart_irq() */
/* Instructions that raised a synchronous exception, and were skipped. */
extern uint64_t probe_skipped;

/* The cost of an instruction, and with it of what probe_empty() costs. */
uint64_t probe_empty(void);
uint64_t probe_hvc(void); /* PSCI_VERSION */
uint64_t probe_smc(void);
uint64_t probe_read32(uint64_t address);
uint64_t probe_write32(uint64_t address, uint32_t value);
uint64_t probe_touch(uint64_t address); /* stores a doubleword */
uint64_t probe_exec(uint64_t address);  /* calls what is there: an instruction RET */
uint64_t probe_mdccsr(void);
uint64_t probe_idreg(void);
uint64_t probe_mdscr(void);
uint64_t probe_cntpct(void);
uint64_t probe_cntp_set(uint64_t cval);
uint64_t probe_cntvct(void);
uint64_t probe_cntv_set(uint64_t cval);
void probe_pair(uint64_t address); /* a load that no emulated device takes */

struct sgi_times {
	uint64_t to_handler; /* from the write to the handler's first instruction */
	uint64_t and_back;   /* from the write, through handler and EOI, to what was interrupted */
};

/* sgi1r: for ICC_SGI1R_EL1, naming this CPU. */
void probe_sgi_self(uint64_t sgi1r, struct sgi_times *times);

/* The virtual timer, due in delay ticks: from due to the handler's first instruction. */
uint64_t probe_vtimer_spin(uint64_t delay);
uint64_t probe_vtimer_wfi(uint64_t delay);

/* The count before the write; sgi1r names the other CPU. */
uint64_t probe_ipi_send(uint64_t sgi1r);
/* Sets *ready to value, spins, returns the count at the handler's first instruction. */
uint64_t probe_ipi_receive(volatile uint64_t *ready, uint64_t value);
/* The same, asleep in WFI. */
uint64_t probe_ipi_receive_wfi(volatile uint64_t *ready, uint64_t value);

/* Starts a request; asleep, from the store to the handler's first instruction. */
uint64_t probe_device_irq(uint64_t address, uint32_t value);

/*
 * Unmasks a PL011's interrupt that is raised: from the store to UARTIMSC (imsc: its address) to
 * the handler's first instruction.
 */
uint64_t probe_uart_irq(uint64_t imsc, uint32_t bit);

/* The count before the call. */
uint64_t probe_psci_hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t *result);
uint64_t probe_psci_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t *result);
/* Entry points for CPU_ON; the context ID is the address of a uint64_t. */
void probe_second_hvc(void);
void probe_second_smc(void);

#endif
