// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/hyp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "vmm/say.h"

#define TOKEN_PROPERTY_FILE "/proc/device-tree/caisson/" CAISSON_TOKEN_PROPERTY

#define BUSY_WAIT_NS 1000000

static const struct hyp_token no_token;

#define CALL_ARGS 5

/* arg: x3 to x7; x1 to x3 come back in its first three. */
static uint64_t call(uint32_t number, const struct hyp_token *token, uint64_t arg[CALL_ARGS])
{
	register uint64_t x0 __asm__("x0") = CAISSON_CALL(number);
	register uint64_t x1 __asm__("x1") = token->half[0];
	register uint64_t x2 __asm__("x2") = token->half[1];
	register uint64_t x3 __asm__("x3") = arg[0];
	register uint64_t x4 __asm__("x4") = arg[1];
	register uint64_t x5 __asm__("x5") = arg[2];
	register uint64_t x6 __asm__("x6") = arg[3];
	register uint64_t x7 __asm__("x7") = arg[4];

	__asm__ volatile("mrs xzr, mdccsr_el0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 : "r"(x4), "r"(x5), "r"(x6), "r"(x7)
			 : "memory");
	arg[0] = x1;
	arg[1] = x2;
	arg[2] = x3;
	return x0;
}

/* Without Caisson, Linux gets the instruction: passed over, x0 stays what no status is. */
static void skip_instruction(int number, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static uint32_t gic_version;

uint32_t hyp_gic_version(void)
{
	return gic_version;
}

enum err hyp_find(void)
{
	struct sigaction skip = {.sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO};
	struct sigaction before;
	uint64_t arg[CALL_ARGS] = {0};

	if (sigaction(SIGILL, &skip, &before) != 0)
		return ERR_UNSUPPORTED;

	uint64_t status = call(CAISSON_CALL_VERSION, &no_token, arg);

	(void)sigaction(SIGILL, &before, NULL);
	if (status != CAISSON_OK) {
		say("this machine does not run on Caisson");
		return ERR_UNSUPPORTED;
	}
	if (arg[0] >> 16 != CAISSON_CALL_ABI >> 16) {
		say("this program and Caisson do not fit together: calls of version %u and %u",
		    CAISSON_CALL_ABI >> 16, (uint32_t)arg[0] >> 16);
		return ERR_UNSUPPORTED;
	}
	gic_version = arg[2] >> 8 & 0xff ? arg[2] >> 8 & 0xff : 3;
	return ERR_OK;
}

/* Its two halves, `offset` bytes into the file. ERR_NOT_FOUND: there is no such file. */
static enum err read_token(const char *path, off_t offset, struct hyp_token *token)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0) {
		if (errno == ENOENT)
			return ERR_NOT_FOUND;
		if (errno == EACCES || errno == EPERM)
			say("only root may read Caisson's management token");
		else
			say("cannot read %s: %s", path, strerror(errno));
		return ERR_DENIED;
	}

	ssize_t got = pread(file, token->half, sizeof(token->half), offset);

	(void)close(file);
	if (got != sizeof(token->half)) {
		say("%s does not hold a token", path);
		return ERR_INVALID;
	}
	return ERR_OK;
}

/* From the device tree, or else from Caisson's ACPI table. */
static enum err find_token(struct hyp_token *token)
{
	enum err err = read_token(TOKEN_PROPERTY_FILE, 0, token);

	if (err == ERR_NOT_FOUND)
		err = read_token(HYP_TABLE_FILE, CAISSON_TABLE_TOKEN, token);
	if (err == ERR_NOT_FOUND)
		say("neither %s nor %s is there to take Caisson's management token from",
		    TOKEN_PROPERTY_FILE, HYP_TABLE_FILE);
	return err;
}

enum err hyp_open(struct hyp_token *management)
{
	enum err err = hyp_find();

	return err != ERR_OK ? err : find_token(management);
}

const char *hyp_status_text(enum caisson_status status)
{
	static const char *const text[] = {
		[CAISSON_OK] = "done",
		[CAISSON_CONTINUE] = "not done yet",
		[CAISSON_DENIED] = "denied",
		[CAISSON_INVALID] = "an argument is out of range",
		[CAISSON_NO_MEMORY] = "no room for it in the hypervisor",
		[CAISSON_BUSY] = "in use",
		[CAISSON_FAULT] = "memory is not mapped, not writable or not the service VM's",
		[CAISSON_STATE] = "not in this state",
		[CAISSON_UNKNOWN] = "Caisson does not know this call",
		[CAISSON_DEDICATED] = "it runs on a CPU of its own",
		[CAISSON_UNSUPPORTED] = "this machine cannot do that",
	};

	return (size_t)status < ARRAY_SIZE(text) ? text[status] : "an unknown status";
}

enum caisson_status hyp_vm_create(const struct hyp_token *management, void *store, void *run_block,
				  uint64_t vcpus, uint64_t tag, uint64_t ctr, uint32_t *vm,
				  struct hyp_token *token)
{
	uint64_t arg[CALL_ARGS] = {(uintptr_t)store, vcpus, tag, ctr, (uintptr_t)run_block};
	enum caisson_status status = call(CAISSON_CALL_VM_CREATE, management, arg);

	*vm = arg[0];
	token->half[0] = arg[1];
	token->half[1] = arg[2];
	return status;
}

enum caisson_status hyp_vm_destroy_some(const struct hyp_token *management, uint32_t vm)
{
	uint64_t arg[CALL_ARGS] = {vm};

	return call(CAISSON_CALL_VM_DESTROY, management, arg);
}

enum caisson_status hyp_vm_destroy(const struct hyp_token *management, uint32_t vm)
{
	const struct timespec pause = {.tv_nsec = BUSY_WAIT_NS};

	for (;;) {
		enum caisson_status status = hyp_vm_destroy_some(management, vm);

		if (status == CAISSON_BUSY)
			(void)nanosleep(&pause, NULL);
		else if (status != CAISSON_CONTINUE)
			return status;
	}
}

static enum caisson_status give(uint32_t number, const struct hyp_token *management, uint32_t vm,
				uint8_t *first, uint64_t ipa, uint64_t blocks, uint64_t rights)
{
	for (;;) {
		uint64_t arg[CALL_ARGS] = {vm, (uintptr_t)first, ipa, blocks, rights};
		enum caisson_status status = call(number, management, arg);

		if (status != CAISSON_CONTINUE)
			return status;
		first += arg[0] * CAISSON_BLOCK_BYTES;
		ipa += arg[0] * CAISSON_BLOCK_BYTES;
		blocks -= arg[0];
	}
}

enum caisson_status hyp_mem_share(const struct hyp_token *management, uint32_t vm, uint8_t *first,
				  uint64_t ipa, uint64_t blocks, uint64_t rights)
{
	return give(CAISSON_CALL_MEM_SHARE, management, vm, first, ipa, blocks, rights);
}

enum caisson_status hyp_mem_lend(const struct hyp_token *management, uint32_t vm, uint8_t *first,
				 uint64_t ipa, uint64_t blocks, uint64_t rights)
{
	return give(CAISSON_CALL_MEM_LEND, management, vm, first, ipa, blocks, rights);
}

enum caisson_status hyp_mem_donate(const struct hyp_token *management, uint32_t vm, uint8_t *block)
{
	uint64_t arg[CALL_ARGS] = {vm, (uintptr_t)block};

	return call(CAISSON_CALL_MEM_DONATE, management, arg);
}

enum caisson_status hyp_mem_reclaim(const struct hyp_token *management, uint32_t vm, uint64_t ipa,
				    uint64_t blocks)
{
	for (;;) {
		uint64_t arg[CALL_ARGS] = {vm, ipa, blocks};
		enum caisson_status status = call(CAISSON_CALL_MEM_RECLAIM, management, arg);

		if (status != CAISSON_CONTINUE)
			return status;
		ipa += arg[0] * CAISSON_BLOCK_BYTES;
		blocks -= arg[0];
	}
}

static enum caisson_status change(uint32_t number, const struct hyp_token *token, uint64_t ipa,
				  uint64_t blocks, uint64_t rights)
{
	for (;;) {
		uint64_t arg[CALL_ARGS] = {ipa, blocks, rights};
		enum caisson_status status = call(number, token, arg);

		if (status != CAISSON_CONTINUE)
			return status;
		ipa += arg[0] * CAISSON_BLOCK_BYTES;
		blocks -= arg[0];
	}
}

enum caisson_status hyp_mem_map(const struct hyp_token *token, uint64_t ipa, uint64_t blocks,
				uint64_t rights)
{
	return change(CAISSON_CALL_MEM_MAP, token, ipa, blocks, rights);
}

enum caisson_status hyp_mem_unmap(const struct hyp_token *token, uint64_t ipa, uint64_t blocks)
{
	return change(CAISSON_CALL_MEM_UNMAP, token, ipa, blocks, 0);
}

enum caisson_status hyp_mem_unexec(const struct hyp_token *token, uint64_t ipa, uint64_t bytes)
{
	for (;;) {
		uint64_t arg[CALL_ARGS] = {ipa, bytes};
		enum caisson_status status = call(CAISSON_CALL_MEM_UNEXEC, token, arg);
		uint64_t next =
			bits_align_down(ipa, CAISSON_BLOCK_BYTES) + arg[0] * CAISSON_BLOCK_BYTES;

		if (status != CAISSON_CONTINUE)
			return status;
		bytes -= next > ipa ? next - ipa : 0;
		ipa = next > ipa ? next : ipa;
	}
}

enum caisson_status hyp_dirty_start(const struct hyp_token *token, uint64_t ipa, uint64_t blocks,
				    uint64_t *done)
{
	for (*done = 0;;) {
		uint64_t arg[CALL_ARGS] = {ipa + *done * CAISSON_BLOCK_BYTES, blocks - *done};
		enum caisson_status status = call(CAISSON_CALL_DIRTY_START, token, arg);

		if (status == CAISSON_OK || status == CAISSON_CONTINUE ||
		    status == CAISSON_NO_MEMORY)
			*done += arg[0];
		if (status != CAISSON_CONTINUE)
			return status;
	}
}

enum caisson_status hyp_dirty_read(const struct hyp_token *token, uint64_t ipa, uint64_t blocks,
				   void *bitmap)
{
	for (uint8_t *to = bitmap;;) {
		uint64_t arg[CALL_ARGS] = {ipa, blocks, (uintptr_t)to};
		enum caisson_status status = call(CAISSON_CALL_DIRTY_READ, token, arg);

		if (status != CAISSON_CONTINUE)
			return status;
		ipa += arg[0] * CAISSON_BLOCK_BYTES;
		to += arg[0] * CAISSON_DIRTY_BYTES;
		blocks -= arg[0];
	}
}

enum caisson_status hyp_dirty_stop(const struct hyp_token *token, uint64_t ipa, uint64_t blocks)
{
	return change(CAISSON_CALL_DIRTY_STOP, token, ipa, blocks, 0);
}

enum caisson_status hyp_vcpu_init(const struct hyp_token *token, uint32_t vcpu, void *run_page,
				  uint64_t pc, uint64_t x0)
{
	uint64_t arg[CALL_ARGS] = {vcpu, (uintptr_t)run_page, pc, x0};

	return call(CAISSON_CALL_VCPU_INIT, token, arg);
}

enum caisson_status hyp_vcpu_run(const struct hyp_token *token, uint32_t vcpu)
{
	uint64_t arg[CALL_ARGS] = {vcpu};

	return call(CAISSON_CALL_VCPU_RUN, token, arg);
}

enum caisson_status hyp_vm_info(const struct hyp_token *management, uint32_t vm,
				struct hyp_vm_info *info)
{
	uint64_t arg[CALL_ARGS] = {vm};
	enum caisson_status status = call(CAISSON_CALL_VM_INFO, management, arg);

	if (status == CAISSON_OK) {
		info->state = (enum caisson_vm_state)(arg[0] & 0xff);
		info->vcpus = (uint32_t)arg[0] >> 8;
		info->tag = arg[1];
		info->blocks = arg[2];
	}
	return status;
}

enum caisson_status hyp_vcpu_get(const struct hyp_token *token, uint32_t vcpu)
{
	uint64_t arg[CALL_ARGS] = {vcpu};

	return call(CAISSON_CALL_VCPU_GET, token, arg);
}

enum caisson_status hyp_vcpu_set(const struct hyp_token *token, uint32_t vcpu)
{
	uint64_t arg[CALL_ARGS] = {vcpu};

	return call(CAISSON_CALL_VCPU_SET, token, arg);
}

enum caisson_status hyp_vcpu_dedicate(const struct hyp_token *management, uint32_t vm,
				      uint32_t vcpu, uint32_t cpu)
{
	uint64_t arg[CALL_ARGS] = {vm, vcpu, cpu};

	return call(CAISSON_CALL_VCPU_DEDICATE, management, arg);
}

enum caisson_status hyp_vcpu_return(const struct hyp_token *management, uint32_t vm, uint32_t vcpu)
{
	const struct timespec pause = {.tv_nsec = BUSY_WAIT_NS};

	for (;;) {
		uint64_t arg[CALL_ARGS] = {vm, vcpu};
		enum caisson_status status = call(CAISSON_CALL_VCPU_RETURN, management, arg);

		if (status != CAISSON_BUSY)
			return status;
		(void)nanosleep(&pause, NULL);
	}
}

enum caisson_status hyp_irq_set(const struct hyp_token *token, uint32_t intid, bool level,
				uint32_t *wake)
{
	uint64_t arg[CALL_ARGS] = {intid, level};
	enum caisson_status status = call(CAISSON_CALL_IRQ_SET, token, arg);

	*wake = arg[0];
	return status;
}

enum caisson_status hyp_console_attach(const struct hyp_token *management, uint32_t vm, void *block,
				       const char *name)
{
	uint64_t arg[CALL_ARGS] = {vm, (uintptr_t)block};
	size_t length = strlen(name);

	memcpy(&arg[2], name,
	       length < CAISSON_CONSOLE_NAME_BYTES ? length : CAISSON_CONSOLE_NAME_BYTES - 1);
	return call(CAISSON_CALL_CONSOLE_ATTACH, management, arg);
}

enum caisson_status hyp_console_write(const struct hyp_token *token, const void *text, size_t bytes)
{
	uint64_t arg[CALL_ARGS] = {(uintptr_t)text, bytes};

	return call(CAISSON_CALL_CONSOLE_WRITE, token, arg);
}

enum caisson_status hyp_console_read(const struct hyp_token *token, void *text, size_t room,
				     size_t *bytes, uint32_t *columns, uint32_t *rows)
{
	uint64_t arg[CALL_ARGS] = {(uintptr_t)text, room};
	enum caisson_status status = call(CAISSON_CALL_CONSOLE_READ, token, arg);

	*bytes = arg[0];
	*columns = arg[1] & 0xffff;
	*rows = (uint32_t)arg[1] >> 16;
	return status;
}

enum caisson_status hyp_host_report(const struct hyp_token *management,
				    const struct host_report *report)
{
	uint64_t arg[CALL_ARGS] = {(uintptr_t)report};

	return call(CAISSON_CALL_HOST_REPORT, management, arg);
}

enum caisson_status hyp_vm_idreg_set(const struct hyp_token *token, uint32_t reg, uint64_t value)
{
	uint64_t arg[CALL_ARGS] = {reg, value};

	return call(CAISSON_CALL_VM_IDREG_SET, token, arg);
}

enum caisson_status hyp_host_reg(uint32_t reg, uint64_t *value)
{
	uint64_t arg[CALL_ARGS] = {reg};
	enum caisson_status status = call(CAISSON_CALL_HOST_REG, &no_token, arg);

	*value = arg[0];
	return status;
}

enum caisson_status hyp_vm_stat(const struct hyp_token *token, enum caisson_stat what,
				uint64_t *value)
{
	uint64_t arg[CALL_ARGS] = {what};
	enum caisson_status status = call(CAISSON_CALL_VM_STAT, token, arg);

	*value = arg[0];
	return status;
}

enum caisson_status hyp_log_read(const struct hyp_token *management, uint64_t *position,
				 void *buffer, size_t bytes, size_t *bytes_read, uint64_t *lost)
{
	uint64_t arg[CALL_ARGS] = {*position, (uintptr_t)buffer, bytes};
	enum caisson_status status = call(CAISSON_CALL_LOG_READ, management, arg);

	if (status == CAISSON_OK) {
		*bytes_read = arg[0];
		*position = arg[1];
		*lost = arg[2];
	}
	return status;
}

enum caisson_status hyp_vm_time_set(const struct hyp_token *token, uint64_t hz, uint64_t guest,
				    uint64_t host, uint64_t flags, enum caisson_time_mode *mode)
{
	uint64_t arg[CALL_ARGS] = {hz, guest, host, flags};
	enum caisson_status status = call(CAISSON_CALL_VM_TIME_SET, token, arg);

	if (status == CAISSON_OK)
		*mode = (enum caisson_time_mode)arg[0];
	return status;
}

enum caisson_status hyp_vm_time_get(const struct hyp_token *token, struct hyp_vm_time *vm_time)
{
	uint64_t arg[CALL_ARGS] = {0};
	enum caisson_status status = call(CAISSON_CALL_VM_TIME_GET, token, arg);

	if (status == CAISSON_OK) {
		vm_time->hz = (uint32_t)arg[0];
		vm_time->mode = (enum caisson_time_mode)(arg[0] >> 32);
		vm_time->guest = arg[1];
		vm_time->host = arg[2];
	}
	return status;
}

enum caisson_status hyp_vgic_get(const struct hyp_token *token, uint32_t which, void *state,
				 uint32_t *wake)
{
	uint64_t arg[CALL_ARGS] = {which, (uintptr_t)state};
	enum caisson_status status = call(CAISSON_CALL_VGIC_GET, token, arg);

	*wake = status == CAISSON_OK ? arg[0] : 0;
	return status;
}

enum caisson_status hyp_vgic_set(const struct hyp_token *token, uint32_t which, const void *state,
				 uint32_t *wake, struct hyp_vgic_fault *fault)
{
	uint64_t arg[CALL_ARGS] = {which, (uintptr_t)state};
	enum caisson_status status = call(CAISSON_CALL_VGIC_SET, token, arg);
	bool is_fault = status == CAISSON_UNSUPPORTED || status == CAISSON_INVALID;

	*wake = status == CAISSON_OK ? arg[0] : 0;
	fault->reason = is_fault ? arg[0] : 0;
	fault->intid = is_fault ? arg[1] : 0;
	return status;
}

enum caisson_status hyp_frame_get(const struct hyp_token *token, enum caisson_frame_reg reg,
				  uint64_t *value)
{
	uint64_t arg[CALL_ARGS] = {reg};
	enum caisson_status status = call(CAISSON_CALL_FRAME_GET, token, arg);

	if (status == CAISSON_OK)
		*value = arg[0];
	return status;
}

enum caisson_status hyp_frame_set(const struct hyp_token *token, enum caisson_frame_reg reg,
				  uint64_t value)
{
	uint64_t arg[CALL_ARGS] = {reg, value};

	return call(CAISSON_CALL_FRAME_SET, token, arg);
}
