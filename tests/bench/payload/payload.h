/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_PAYLOAD_PAYLOAD_H
#define TESTS_BENCH_PAYLOAD_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* Hidden: addresses are taken relative to the PC, not from a table. */
#pragma GCC visibility push(hidden)

/* What the device tree says about the machine; the payload assumes nothing else. */
struct board {
	uint64_t uart;
	uint64_t gicd;
	uint64_t gicr;
	uint64_t memory_base; /* the largest bank */
	uint64_t memory_bytes;
	uint64_t dtb;
	uint64_t dtb_bytes;
	uint64_t second_cpu; /* MPIDR affinity of the first CPU in the tree that is not this one */
	bool has_second_cpu;
	bool psci_smc;
};

/* Returns false if the tree is not readable or has no GICv3, console or memory. */
bool fdt_read_board(struct board *board, uint64_t dtb, uint64_t own_mpidr);

void console_init(uint64_t uart);
void console_text(const char *text);
void console_number(uint64_t value);

/* The GIC as far as SGIs and the virtual timer's PPI 27 need it, for the calling CPU. */
bool gic_init_cpu(const struct board *board, uint64_t *gicr_frame);
uint64_t gic_sgi_target(uint64_t mpidr);

uint64_t probe_empty(void);
uint64_t probe_hvc(void);
uint64_t probe_smc(void);
uint64_t probe_read32(uint64_t address);
uint64_t probe_write32(uint64_t address, uint32_t value);
uint64_t probe_touch(uint64_t address);
uint64_t probe_mdccsr(void);
uint64_t probe_idreg(void);
uint64_t probe_mdscr(void);

struct sgi_times {
	uint64_t to_handler;
	uint64_t and_back;
};
void probe_sgi_self(uint64_t sgi1r, struct sgi_times *times);
uint64_t probe_vtimer_spin(uint64_t delay);
uint64_t probe_vtimer_wfi(uint64_t delay);
uint64_t probe_ipi_send(uint64_t sgi1r);
uint64_t probe_ipi_receive(volatile uint64_t *ready, uint64_t value);
uint64_t probe_psci(uint64_t function, uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t smc,
		    uint64_t *result);

/* The second CPU's way in: start.S knows the first two fields. */
struct second_cpu {
	uint64_t first_count;
	void (*run)(struct second_cpu *self);
	volatile uint64_t ready;
	volatile uint64_t done;
	uint64_t handler_count;
};
void second_start(void);
extern uint64_t skipped; /* instructions that raised a synchronous exception */
extern char vectors[];
extern char _start[];
extern char bss_end[];

#pragma GCC visibility pop

#endif
