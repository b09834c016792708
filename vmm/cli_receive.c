// SPDX-License-Identifier: BSD-2-Clause
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli.h"
#include "vmm/detach.h"
#include "vmm/receive.h"
#include "vmm/say.h"
#include "vmm/vmm.h"

/*
 * `caisson receive`: the other end of `caisson migrate`. Its standard input and output are the
 * connection; once the VM runs it is a process of its own, as `caisson run --detach` makes it.
 */

static const char usage[] =
	"usage: caisson receive [--name NAME] [--config FILE]\n"
	"       caisson receive --ask TOKEN\n"
	"\n"
	"The other end of caisson migrate, which starts it: takes a virtual machine from standard\n"
	"input and runs it.\n"
	"\n"
	"  --name NAME    what it is called here (as there)\n"
	"  --config FILE  its settings here (/etc/caisson/NAME.conf, if there is one)\n"
	"  --ask TOKEN    prints `here` if it was handed over, `not` if it will never be\n";

#define OPTION_NAME   'n'
#define OPTION_CONFIG 'c'
#define OPTION_ASK    'a'
#define OPTION_HELP   'h'

static const struct option names[] = {
	{"name", required_argument, NULL, OPTION_NAME},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"ask", required_argument, NULL, OPTION_ASK},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static int ask(const char *token)
{
	enum handover_decision holds;

	if (!moves_is_token(token)) {
		say("'%s' is no token", token);
		return CLI_USAGE;
	}
	/* A host that never heard of it is another one than the VM was sent to. */
	if (!moves_is_expected(token)) {
		say("no virtual machine was expected here under this token");
		return CLI_FAILED;
	}
	if (moves_decide(token, HANDOVER_NOT, &holds) != ERR_OK)
		return CLI_FAILED;
	(void)printf("%s\n", holds == HANDOVER_HERE ? "here" : "not");
	return CLI_OK;
}

static int receive(const struct receive_options *options)
{
	static struct receive receive;
	static struct vmm vmm;
	int parent = detach_begin(false);
	enum vm_end end = VM_FAILED;

	if (parent >= 0)
		return parent;
	if (receive_offer(&receive, &vmm, options) == ERR_OK) {
		vmm.incoming = &receive;
		end = vmm_run(&vmm, false, detach_done);
	}
	if (receive.state != TARGET_RUNS)
		receive_end(&receive);
	return end == VM_OFF ? CLI_OK : end == VM_FAILED ? CLI_FAILED : CLI_STOPPED;
}

int cli_receive(int argc, char **argv)
{
	struct receive_options options = {0};
	const char *token = NULL;
	int letter;

	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == OPTION_HELP) {
			fputs(usage, stdout);
			return CLI_OK;
		}
		if (letter == OPTION_NAME)
			options.name = optarg;
		else if (letter == OPTION_CONFIG)
			options.conf = optarg;
		else if (letter == OPTION_ASK)
			token = optarg;
		else
			return CLI_USAGE;
	}
	if (optind < argc) {
		say("%s: not an option (see caisson receive --help)", argv[optind]);
		return CLI_USAGE;
	}
	if (options.name != NULL && !cli_take_name(options.name))
		return CLI_USAGE;
	if (token == NULL && (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO))) {
		say("this is started by caisson migrate, not by hand (see caisson receive --help)");
		return CLI_USAGE;
	}
	return token != NULL ? ask(token) : receive(&options);
}
