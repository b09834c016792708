/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CLI_H
#define VMM_CLI_H

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
int cli_stats(int argc, char **argv);
int cli_log(int argc, char **argv);
int cli_agent(int argc, char **argv);

#endif
