/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_HYP_H
#define VMM_HYP_H

#include "abi/acpitable.h"
#include "abi/hostreport.h"
#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * Caisson's hypercalls as functions; abi/hypercall.h says what each does. Addresses are this
 * process's own, of pinned memory. Any thread.
 */

/* Where there is no device tree: Caisson's table, abi/acpitable.h. */
#define HYP_TABLE_FILE "/sys/firmware/acpi/tables/" CAISSON_TABLE

struct hyp_token {
	uint64_t half[2];
};

/* Is this machine Caisson's, and of our version? Tells what is wrong. Before other threads start.
 */
enum err hyp_find(void) MUST_CHECK;
/* After it: the version of the VMs' interrupt controller, 2 or 3. */
uint32_t hyp_gic_version(void);
/* The same, and reads the management token, which needs root. */
enum err hyp_open(struct hyp_token *management) MUST_CHECK;

/* What a status means, for messages. */
const char *hyp_status_text(enum caisson_status status);

/*
 * vcpus (with CAISSON_VM_*), tag, ctr: as VM_CREATE has them; 0 for no tag, and for the host's
 * CTR_EL0.
 */
enum caisson_status hyp_vm_create(const struct hyp_token *management, void *store, void *run_block,
				  uint64_t vcpus, uint64_t tag, uint64_t ctr, uint32_t *vm,
				  struct hyp_token *token) MUST_CHECK;
/* One bounded part of it: CONTINUE, BUSY and so on as they are. */
enum caisson_status hyp_vm_destroy_some(const struct hyp_token *management, uint32_t vm) MUST_CHECK;
/* Goes on until the VM is gone or there is an error. */
enum caisson_status hyp_vm_destroy(const struct hyp_token *management, uint32_t vm) MUST_CHECK;
/* All the blocks; rights: 0 or CAISSON_MEM_READ_ONLY. */
enum caisson_status hyp_mem_share(const struct hyp_token *management, uint32_t vm, uint8_t *first,
				  uint64_t ipa, uint64_t blocks, uint64_t rights) MUST_CHECK;
enum caisson_status hyp_mem_lend(const struct hyp_token *management, uint32_t vm, uint8_t *first,
				 uint64_t ipa, uint64_t blocks, uint64_t rights) MUST_CHECK;
enum caisson_status hyp_mem_reclaim(const struct hyp_token *management, uint32_t vm, uint64_t ipa,
				    uint64_t blocks) MUST_CHECK;
enum caisson_status hyp_mem_donate(const struct hyp_token *management, uint32_t vm,
				   uint8_t *block) MUST_CHECK;
enum caisson_status hyp_mem_map(const struct hyp_token *token, uint64_t ipa, uint64_t blocks,
				uint64_t rights) MUST_CHECK;
enum caisson_status hyp_mem_unmap(const struct hyp_token *token, uint64_t ipa,
				  uint64_t blocks) MUST_CHECK;
/* Of the blocks that hold the bytes. */
enum caisson_status hyp_mem_unexec(const struct hyp_token *token, uint64_t ipa,
				   uint64_t bytes) MUST_CHECK;
/*
 * *done: blocks that are tracked now. NO_MEMORY: it is to be called for the rest, when something
 * was donated.
 */
enum caisson_status hyp_dirty_start(const struct hyp_token *token, uint64_t ipa, uint64_t blocks,
				    uint64_t *done) MUST_CHECK;
/* bitmap: a page behind the run pages; up to CAISSON_DIRTY_BLOCKS. */
enum caisson_status hyp_dirty_read(const struct hyp_token *token, uint64_t ipa, uint64_t blocks,
				   void *bitmap) MUST_CHECK;
enum caisson_status hyp_dirty_stop(const struct hyp_token *token, uint64_t ipa,
				   uint64_t blocks) MUST_CHECK;
enum caisson_status hyp_vcpu_init(const struct hyp_token *token, uint32_t vcpu, void *run_page,
				  uint64_t pc, uint64_t x0) MUST_CHECK;
enum caisson_status hyp_vcpu_run(const struct hyp_token *token, uint32_t vcpu) MUST_CHECK;
struct hyp_vm_info {
	enum caisson_vm_state state;
	uint32_t vcpus;
	uint64_t tag;
	uint64_t blocks;
};

/* What VM_INFO tells; *info is set with CAISSON_OK alone. */
enum caisson_status hyp_vm_info(const struct hyp_token *management, uint32_t vm,
				struct hyp_vm_info *info) MUST_CHECK;
/* The vCPU's registers, in its run page. */
enum caisson_status hyp_vcpu_get(const struct hyp_token *token, uint32_t vcpu) MUST_CHECK;
enum caisson_status hyp_vcpu_set(const struct hyp_token *token, uint32_t vcpu) MUST_CHECK;
/* CPU as Linux counts them, offline. */
enum caisson_status hyp_vcpu_dedicate(const struct hyp_token *management, uint32_t vm,
				      uint32_t vcpu, uint32_t cpu) MUST_CHECK;
/* Goes on until the vCPU has left its CPU or there is an error. */
enum caisson_status hyp_vcpu_return(const struct hyp_token *management, uint32_t vm,
				    uint32_t vcpu) MUST_CHECK;
/* *wake: the vCPUs to wake, a bit each. */
enum caisson_status hyp_irq_set(const struct hyp_token *token, uint32_t intid, bool level,
				uint32_t *wake) MUST_CHECK;
/*
 * Reads the hypervisor's log from *position on; the buffer lies in one page. *lost: bytes from
 * there on that are gone. 0 bytes read: the end of the log, for now.
 */
enum caisson_status hyp_log_read(const struct hyp_token *management, uint64_t *position,
				 void *buffer, size_t bytes, size_t *bytes_read,
				 uint64_t *lost) MUST_CHECK;
/* The VM gets a console of this name on Caisson's serial line, kept in `block`. */
enum caisson_status hyp_console_attach(const struct hyp_token *management, uint32_t vm, void *block,
				       const char *name) MUST_CHECK;
/* text: at most CAISSON_CONSOLE_BYTES, in a page of the block that VM_CREATE was told. */
enum caisson_status hyp_console_write(const struct hyp_token *token, const void *text,
				      size_t bytes) MUST_CHECK;
/* What was typed, into such a page, and the console's size. */
enum caisson_status hyp_console_read(const struct hyp_token *token, void *text, size_t room,
				     size_t *bytes, uint32_t *columns, uint32_t *rows) MUST_CHECK;
/* The report is within one page. */
enum caisson_status hyp_host_report(const struct hyp_token *management,
				    const struct host_report *report) MUST_CHECK;
/* What an ID register, or another one of VM_IDREG_SET, shows the guest. */
enum caisson_status hyp_vm_idreg_set(const struct hyp_token *token, uint32_t reg,
				     uint64_t value) MUST_CHECK;
/* What this host would show of it. */
enum caisson_status hyp_host_reg(uint32_t reg, uint64_t *value) MUST_CHECK;
/* flags: CAISSON_TIME_*. *mode is set with CAISSON_OK alone. */
enum caisson_status hyp_vm_time_set(const struct hyp_token *token, uint64_t hz, uint64_t guest,
				    uint64_t host, uint64_t flags,
				    enum caisson_time_mode *mode) MUST_CHECK;

/* Of the memory-mapped timer; *value is set with CAISSON_OK alone. */
enum caisson_status hyp_frame_get(const struct hyp_token *token, enum caisson_frame_reg reg,
				  uint64_t *value) MUST_CHECK;
enum caisson_status hyp_frame_set(const struct hyp_token *token, enum caisson_frame_reg reg,
				  uint64_t value) MUST_CHECK;

/* The guest's counter, at an instant. */
struct hyp_vm_time {
	uint32_t hz;
	enum caisson_time_mode mode;
	uint64_t guest; /* its count */
	uint64_t host;  /* the host's: CNTVCT_EL0 of this process */
};

/* *vm_time is set with CAISSON_OK alone. */
enum caisson_status hyp_vm_time_get(const struct hyp_token *token,
				    struct hyp_vm_time *vm_time) MUST_CHECK;

/*
 * state: a struct vgic_state_dist (which: CAISSON_VGIC_DIST) or vgic_state_cpu (a vCPU's number) in
 * the block of the run pages; abi/vgicstate.h. *wake: the vCPUs to wake, a bit each. fault: why it
 * was not taken, with CAISSON_UNSUPPORTED and CAISSON_INVALID. vmm/vgicstate.h has more.
 */
struct hyp_vgic_fault {
	uint32_t reason; /* enum caisson_vgic_fault, or 0: an argument was wrong */
	uint32_t intid;
};

enum caisson_status hyp_vgic_get(const struct hyp_token *token, uint32_t which, void *state,
				 uint32_t *wake) MUST_CHECK;
enum caisson_status hyp_vgic_set(const struct hyp_token *token, uint32_t which, const void *state,
				 uint32_t *wake, struct hyp_vgic_fault *fault) MUST_CHECK;
enum caisson_status hyp_vm_stat(const struct hyp_token *token, enum caisson_stat what,
				uint64_t *value) MUST_CHECK;

#endif
