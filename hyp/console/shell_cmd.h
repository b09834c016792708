/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_SHELL_CMD_H
#define HYP_CONSOLE_SHELL_CMD_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/shellcmd.h"

/* Between the shell and its commands: for hyp/console/shell*.c alone. One command runs at a time.
 */

#define SHELL_ERROR_BYTES 100
#define SHELL_SAY_BYTES   320 /* of one shell_say() */

/* A command that runs, and how far it has come: 0 at first. */
struct shell_job {
	struct shellcmd args; /* word[0] is the command's name */
	uint32_t vm;          /* shell_target()'s */
	uint32_t vcpu;
	uint64_t at;
	uint64_t count;
	uint64_t value;
	char error[SHELL_ERROR_BYTES];
};

struct shell_command {
	const char *name;
	const char *usage;          /* what may stand behind the name */
	const char *brief;          /* a line in the list of commands */
	const char *help;           /* what `help NAME` adds */
	const char *const *choices; /* for completion of the first word behind; NULL: none */
	uint8_t most;               /* words behind the name */
	uint8_t least;
	bool debug_only;
	/*
	 * What it needs is checked before it says anything. NULL: it goes on with step();
	 * otherwise one line that tells what is wrong. May be NULL.
	 */
	const char *(*check)(struct shell_job *job);
	/* Says a few lines at most. True: call again, there is more. */
	bool (*step)(struct shell_job *job);
	/* Not NULL: asked before it runs, to be answered with yes. */
	const char *question;
};

/* Text for the console, at the end of which "\n" ends a row. */
void shell_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One line for check(): fills job->error. */
const char *shell_fail(struct shell_job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Word n of the command is a VM, maybe with a vCPU: into job->vm and job->vcpu. Gives NULL if there
 * are both; else what to say.
 */
const char *shell_target(struct shell_job *job, unsigned int n);
/* "svm.1", "0.2"; "svm" and "0" without a vCPU. */
#define SHELL_NAME_BYTES 16
const char *shell_vcpu_name(char name[SHELL_NAME_BYTES], uint32_t vm, uint32_t vcpu);
const char *shell_vm_name(char name[SHELL_NAME_BYTES], uint32_t vm);

/* Ticks of the counter as seconds: "12.345". */
const char *shell_seconds(char text[SHELL_NAME_BYTES], uint64_t ticks);
uint64_t shell_nanoseconds(uint64_t ticks);

/* How many rows the screen has. */
unsigned int shell_rows(void);

/* All commands, in the order of the list; NULL: index is behind the last. */
const struct shell_command *shell_command(unsigned int index);

/* hyp/console/shell_vm.c */
extern const struct shell_command shell_vms, shell_vcpu, shell_regs, shell_map, shell_irq,
	shell_timers, shell_cache;
/* hyp/console/shell_exits.c */
extern const struct shell_command shell_exits, shell_trace;
/* hyp/console/shell_host.c */
extern const struct shell_command shell_cpus, shell_mem, shell_log, shell_boot, shell_version,
	shell_reboot, shell_poweroff, shell_panic_test;

#endif
