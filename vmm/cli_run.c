// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/cli.h"
#include "vmm/say.h"
#include "vmm/vmm.h"

/* `caisson run`: one process, one VM. */

struct options {
	struct vm_config config;
	bool detach;
	bool help;
};

/* ---- options ----------------------------------------------------------------------------- */

#define OPTION_SETTING 0 /* and its index */
#define OPTION_CONFIG  1000
#define OPTION_DETACH  1001
#define OPTION_HELP    1002
#define OPTIONS_MAX    32

static void print_usage(FILE *to)
{
	char option[48];

	fputs("usage: caisson run [--config FILE] [options]\n"
	      "\n"
	      "Starts a virtual machine; its console is standard input and output. On a terminal\n"
	      "Ctrl-G q ends it, Ctrl-G Ctrl-G is one Ctrl-G for the machine. On Caisson's serial\n"
	      "line, whose own key is Ctrl-G, too, each Ctrl-G is typed twice.\n"
	      "\n"
	      "  --config FILE         read settings from FILE (caisson.conf(5)); options win\n"
	      "  --detach              return when it runs; its name is printed\n",
	      to);
	for (const struct config_setting *s = config_settings(); s->key != NULL; s++) {
		(void)snprintf(option, sizeof(option), "--%s %s", s->key,
			       s->argument != NULL ? s->argument : "");
		(void)fprintf(to, "  %-21s", option);
		if (strlen(option) > 21)
			(void)fprintf(to, "\n%23s", "");
		(void)fprintf(to, " %s\n", s->help);
	}
	fputs("  --help                this text\n"
	      "\n"
	      "Exit status: 0 the machine powered itself off, 1 it could not start or go on,\n"
	      "2 wrong options, 3 it was ended from outside.\n",
	      to);
}

/* An option for each setting, and those that are none. */
static void make_options(struct option *options)
{
	int i = 0;

	for (const struct config_setting *s = config_settings(); s->key != NULL; s++, i++) {
		int argument = s->argument != NULL ? required_argument : no_argument;

		options[i] = (struct option){s->key, argument, NULL, OPTION_SETTING + i};
	}
	options[i++] = (struct option){"config", required_argument, NULL, OPTION_CONFIG};
	options[i++] = (struct option){"detach", no_argument, NULL, OPTION_DETACH};
	options[i++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
	options[i] = (struct option){0};
}

static bool take_option(int letter, const char *name, struct options *options, bool files)
{
	switch (letter) {
	case '?':
		return false;
	case OPTION_HELP:
		options->help = true;
		return true;
	case OPTION_DETACH:
		options->detach = true;
		return true;
	case OPTION_CONFIG:
		return !files || config_read(&options->config, optarg) == ERR_OK;
	default:
		return files || config_set(&options->config, "--", name, optarg) == ERR_OK;
	}
}

/* In two passes: the files first, so that what the command line says holds. */
static bool parse_pass(int argc, char **argv, struct options *options, bool files)
{
	struct option names[OPTIONS_MAX];
	int letter, index = 0;

	make_options(names);
	optind = 0;
	opterr = files;
	while ((letter = getopt_long(argc, argv, "", names, &index)) != -1) {
		if (!take_option(letter, names[index].name, options, files))
			return false;
	}
	if (optind < argc) {
		say("%s: not an option (see caisson run --help)", argv[optind]);
		return false;
	}
	return true;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	config_init(&options->config);
	return parse_pass(argc, argv, options, true) && parse_pass(argc, argv, options, false) &&
	       (options->help || config_check(&options->config) == ERR_OK);
}

/* ---- away from the terminal -------------------------------------------------------------- */

static int report = -1; /* where the process that waits reads that the VM runs */

/* Messages go to a file from now on. Tells the process that waits, and lets it go. */
static void on_started(struct vmm *vmm)
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

/* The process that waits: prints the name when the VM runs; else the other's status is its own. */
static int await_start(pid_t child, int from)
{
	FILE *file = fdopen(from, "r");
	char name[CONFIG_NAME_BYTES + 1];
	int status = 0;

	if (file != NULL && fgets(name, sizeof(name), file) != NULL) {
		fputs(name, stdout);
		return CLI_OK;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : CLI_FAILED;
}

/* Returns in the new process with -1, in the old one with its exit status. */
static int detach(void)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		say("cannot start a process: %s", strerror(errno));
		return CLI_FAILED;
	}
	if (child != 0) {
		(void)close(ends[1]);
		return await_start(child, ends[0]);
	}
	(void)close(ends[0]);
	(void)setsid();
	report = ends[1];
	return -1;
}

/* ------------------------------------------------------------------------------------------ */

int cli_run(int argc, char **argv)
{
	static const enum cli_status status[] = {
		[VM_OFF] = CLI_OK,
		[VM_STOPPED] = CLI_STOPPED,
		[VM_FAILED] = CLI_FAILED,
	};
	static struct vmm vmm;
	struct options options = {0};
	int parent;

	if (!parse_options(argc, argv, &options))
		return CLI_USAGE;
	if (options.help) {
		print_usage(stdout);
		return CLI_OK;
	}
	if (options.detach && (parent = detach()) >= 0)
		return parent;
	vmm.config = options.config;
	return status[vmm_run(&vmm, !options.detach, on_started)];
}
