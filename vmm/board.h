/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_BOARD_H
#define VMM_BOARD_H

#include "vmm/button.h"
#include "vmm/config.h"
#include "vmm/flash.h"
#include "vmm/fwconfig.h"
#include "vmm/rtc.h"
#include "vmm/worker.h"

struct vm;

/*
 * What stands on the board of every VM besides its console: real time clock and power button;
 * with firmware also its flash and the firmware configuration device. They live as long as the
 * process runs the VM, and are reset when it starts anew.
 */
struct board {
	bool firmware;
	struct flash flash[2]; /* firmware, variables */
	struct fwconfig fwconfig;
	struct rtc rtc;
	struct button button;
	struct worker worker; /* for what comes about without the guest */
};

/*
 * Opens files, before memory is set aside, so that what is missing is told first. Tells what is
 * wrong; board_close() is due in any case.
 */
enum err board_open(struct board *b, struct vm *vm, const struct vm_config *config) MUST_CHECK;
void board_close(struct board *b);

/*
 * For firmware: what machine this is. name: the VM's. Once, before board_attach(). Tells what is
 * wrong.
 */
enum err board_describe(struct board *b, const struct vm_config *config,
			const char *name) MUST_CHECK;

/* Parts of the VM's memory that are flash, at guest addresses. */
#define BOARD_FLASH_PARTS_MAX 2
struct board_part {
	uint64_t ipa;
	uint64_t bytes; /* whole blocks, may be 0 */
};

/* How they are; returns their sum. One lies behind the other in the VM's memory file. */
uint64_t board_flash_bytes(const struct board *b, struct board_part part[BOARD_FLASH_PARTS_MAX]);
/* Fills them, before EL2 makes the VM. */
enum err board_load(struct board *b, uint8_t *flash) MUST_CHECK;

/* Resets all of it and puts it on the VM's bus. The VM was just made, no vCPU runs yet. */
enum err board_attach(struct board *b) MUST_CHECK;
/* No vCPU runs any more. */
void board_detach(struct board *b);

#endif
