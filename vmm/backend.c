// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/say.h"

#define OUTPUT_BYTES_MAX KIB(64)
#define LINE_BYTES       200

/* How long a program may take to end by itself. */
#define END_TRIES  100
#define END_TRY_NS 20000000

/* A file that takes so much and no more, so that nobody fills memory with messages. */
static int open_output(void)
{
	int file = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (file < 0 || ftruncate(file, OUTPUT_BYTES_MAX) != 0 ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)
		say("cannot make a file in memory: %s", strerror(errno));
	return file;
}

/* In the child. failure: where the parent reads an errno, or the end once the program runs. */
static void run_child(const struct backend *b, const char *const *argv, int fd, pid_t parent,
		      int failure)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);
	int error;

	(void)sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &action, NULL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* In a session of its own: keys typed on the terminal do not reach it. */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(b->output, STDOUT_FILENO) < 0 || dup2(b->output, STDERR_FILENO) < 0)
		_exit(1);
	if (fd == BACKEND_FD)
		(void)fcntl(fd, F_SETFD, 0);
	else if (dup2(fd, BACKEND_FD) < 0)
		_exit(1);
	(void)close_range(BACKEND_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	error = errno;
	_exit(write(failure, &error, sizeof(error)) == sizeof(error) ? 127 : 1);
}

/* 0, or why the program does not run. */
static int start_child(struct backend *b, const char *const *argv, int fd)
{
	pid_t parent = getpid();
	int failure[2];
	int error = 0;

	if (pipe2(failure, O_CLOEXEC) != 0)
		return errno;
	b->pid = fork();
	if (b->pid == 0)
		run_child(b, argv, fd, parent, failure[1]);
	if (b->pid < 0)
		error = errno;
	(void)close(failure[1]);
	if (b->pid > 0 && read(failure[0], &error, sizeof(error)) == sizeof(error))
		(void)waitpid(b->pid, NULL, 0);
	(void)close(failure[0]);
	return error;
}

enum err backend_start(struct backend *b, const char *const *argv, int fd)
{
	int error;

	b->program = argv[0];
	b->output = open_output();
	if (b->output < 0)
		return ERR_NO_MEMORY;
	error = start_child(b, argv, fd);
	if (error == 0)
		return ERR_OK;
	say("cannot start %s: %s%s", b->program, strerror(error),
	    error == ENOENT ? " (is it installed?)" : "");
	b->pid = 0;
	(void)close(b->output);
	return ERR_NO_MEMORY;
}

/* Waits some time; false: it has not ended. */
static bool reap(const struct backend *b)
{
	const struct timespec pause = {.tv_nsec = END_TRY_NS};

	for (int i = 0; i < END_TRIES; i++) {
		if (waitpid(b->pid, NULL, WNOHANG) != 0)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static void forget(struct backend *b)
{
	(void)close(b->output);
	b->pid = 0;
}

void backend_end(struct backend *b)
{
	if (b->pid == 0)
		return;
	(void)kill(b->pid, SIGTERM);
	if (!reap(b)) {
		(void)kill(b->pid, SIGKILL);
		(void)waitpid(b->pid, NULL, 0);
	}
	forget(b);
}

/* The last line that it wrote. */
static void last_line(const struct backend *b, char line[LINE_BYTES])
{
	char text[LINE_BYTES];
	off_t end = lseek(b->output, 0, SEEK_CUR);
	off_t start = end > LINE_BYTES - 1 ? end - (LINE_BYTES - 1) : 0;
	ssize_t bytes = pread(b->output, text, (size_t)(end - start), start);
	char *last;

	if (bytes < 0)
		bytes = 0;
	while (bytes != 0 && text[bytes - 1] == '\n')
		bytes--;
	text[bytes] = '\0';
	last = strrchr(text, '\n');
	(void)snprintf(line, LINE_BYTES, "%s", last != NULL ? last + 1 : text);
}

void backend_tell_end(struct backend *b)
{
	char line[LINE_BYTES];

	if (b->pid == 0)
		return;
	if (!reap(b)) {
		say("%s does not answer", b->program);
		backend_end(b);
		return;
	}
	last_line(b, line);
	say("%s has ended%s%s", b->program, line[0] != '\0' ? ": " : "", line);
	forget(b);
}
