// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/cli.h"
#include "vmm/say.h"
#include "vmm/vmm.h"

static int report = -1; /* where the process that waits reads that the VM runs */

/* Messages go to a file from now on. Tells the process that waits, and lets it go. */
void detach_done(struct vmm *vmm)
{
	int nothing, log;

	if (report < 0)
		return;
	nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (client_open_log(&vmm->client, &log) != ERR_OK)
		log = nothing;
	(void)dup2(nothing, STDIN_FILENO);
	(void)dup2(nothing, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	(void)close(log);
	if (dprintf(report, "%s\n", vmm->client.name) < 0)
		say("nobody waited for the start");
	(void)close(report);
	report = -1;
}

/* The process that waits; when the VM does not come to run the other's status is its own. */
static int await_start(pid_t child, int from, bool print)
{
	FILE *file = fdopen(from, "r");
	char name[CONFIG_NAME_BYTES + 1];
	int status = 0;

	if (file != NULL && fgets(name, sizeof(name), file) != NULL) {
		if (print)
			fputs(name, stdout);
		return CLI_OK;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : CLI_FAILED;
}

int detach_begin(bool print)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		say("cannot start a process: %s", strerror(errno));
		return CLI_FAILED;
	}
	if (child != 0) {
		(void)close(ends[1]);
		return await_start(child, ends[0], print);
	}
	(void)close(ends[0]);
	(void)setsid();
	report = ends[1];
	return -1;
}
