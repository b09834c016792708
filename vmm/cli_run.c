// SPDX-License-Identifier: BSD-2-Clause
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli.h"
#include "vmm/detach.h"
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

/* ------------------------------------------------------------------------------------------ */

int cli_run_vm(struct vmm *vmm, bool detached)
{
	static const enum cli_status status[] = {
		[VM_OFF] = CLI_OK,
		[VM_STOPPED] = CLI_STOPPED,
		[VM_MOVED] = CLI_STOPPED,
		[VM_FAILED] = CLI_FAILED,
	};
	int parent;

	if (detached && (parent = detach_begin(true)) >= 0)
		return parent;
	return status[vmm_run(vmm, !detached, detach_done)];
}

int cli_run(int argc, char **argv)
{
	static struct vmm vmm;
	struct options options = {0};

	if (!parse_options(argc, argv, &options))
		return CLI_USAGE;
	if (options.help) {
		print_usage(stdout);
		return CLI_OK;
	}
	vmm.config = options.config;
	return cli_run_vm(&vmm, options.detach);
}
