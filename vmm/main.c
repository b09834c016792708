// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "lib/bits.h"
#include "vmm/cli.h"
#include "vmm/say.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} command[] = {
	{"run", cli_run, "start a virtual machine"},
	{"list", cli_list, "the virtual machines there are"},
	{"info", cli_info, "what one is made of"},
	{"stats", cli_stats, "what EL2 has counted for it"},
	{"console", cli_console, "be at its console"},
	{"pause", cli_pause, "halt its virtual CPUs"},
	{"resume", cli_resume, "let them go on"},
	{"stop", cli_stop, "end it"},
	{"migrate", cli_migrate, "move it to another host while it runs"},
	{"receive", cli_receive, "the other end of that"},
	{"snapshot", cli_snapshot, "write its state to a file"},
	{"restore", cli_restore, "let it go on from there"},
	{"guest", cli_guest, "speak with the tools in its guest"},
	{"agent", cli_agent, "ask qemu-guest-agent in its guest"},
	{"host-info", cli_host_info, "what of this host its guests can notice"},
	{"log", cli_log, "messages of a detached one, or the hypervisor's"},
};

static void print_usage(FILE *to)
{
	fputs("usage: caisson COMMAND [...]\n\nCommands:\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(command); i++)
		(void)fprintf(to, "  %-9s %s\n", command[i].name, command[i].help);
	fputs("\ncaisson COMMAND --help tells more, caisson(1) all.\n", to);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
		print_usage(stdout);
		return CLI_OK;
	}
	for (size_t i = 0; argc >= 2 && i < ARRAY_SIZE(command); i++) {
		if (strcmp(argv[1], command[i].name) == 0)
			return command[i].run(argc - 1, argv + 1);
	}
	if (argc >= 2)
		say("there is no command '%s' (see caisson help)", argv[1]);
	else
		print_usage(stderr);
	return CLI_USAGE;
}
