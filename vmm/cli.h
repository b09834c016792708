/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CLI_H
#define VMM_CLI_H

#include <inttypes.h>
#include <jansson.h>

#include "lib/bits.h"
#include "lib/err.h"

/* The commands of caisson(1). Each gets its own name as argv[0] and returns an exit status. */

enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1,  /* told */
	CLI_USAGE = 2,   /* wrong options, told */
	CLI_STOPPED = 3, /* run: the VM was ended from outside */
};

int cli_run(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_stop(int argc, char **argv);
int cli_pause(int argc, char **argv);
int cli_resume(int argc, char **argv);
int cli_console(int argc, char **argv);
int cli_info(int argc, char **argv);
int cli_host_info(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_log(int argc, char **argv);
int cli_guest(int argc, char **argv);
int cli_agent(int argc, char **argv);
int cli_snapshot(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_migrate(int argc, char **argv);
int cli_receive(int argc, char **argv);

/* ---- what several of them use ------------------------------------------------------------ */

struct vmm;

/*
 * Runs the VM that vmm->config asks for, in this process or one of its own; its console is here.
 * Returns an exit status.
 */
int cli_run_vm(struct vmm *vmm, bool detach);

/* --timeout's argument; false: told. */
bool cli_take_seconds(const char *text, uint64_t *seconds);
/* A VM's name; false: told. */
bool cli_take_name(const char *text);

/*
 * Asks a VM. arguments: taken over, NULL: none. *answer: NULL unless ERR_OK. Tells what is wrong,
 * unless quiet.
 */
enum err cli_ask_vm(const char *name, const char *question, json_t *arguments, uint64_t timeout_ms,
		    bool quiet, json_t **answer) MUST_CHECK;
/* A VM's control socket, for several questions. Tells what is wrong, unless quiet. */
struct wire;
enum err cli_open_control(const char *name, bool quiet, struct wire *wire) MUST_CHECK;

/* Prints it and lets go of it; the exit status. */
int cli_print_json(json_t *value);
/* Is the VM in caissond's list? 1 yes, 0 no, -1 cannot tell. */
int cli_is_listed(const char *name);
/* Waits until it is not; the exit status. late: what is told of it when time is up. */
int cli_await_end(const char *name, uint64_t seconds, const char *late);

#define CLI_ANSWER_MS 60000 /* caissond may have much to do */
#define CLI_POLL_MS   50

#endif
