// SPDX-License-Identifier: BSD-2-Clause
#include <getopt.h>
#include <stdio.h>

#include "vmm/cli.h"
#include "vmm/hostinfo.h"
#include "vmm/hyp.h"
#include "vmm/say.h"

/* `caisson host-info`. */

static const char usage[] =
	"usage: caisson host-info [--json]\n"
	"\n"
	"What of this host guests can notice. With --json it goes into a file, one host after\n"
	"the other, for the machines that may move between them (caisson run --migratable FILE).\n";

static void print_table(const struct hostinfo *host)
{
	json_t *json = hostinfo_to_json(host);
	const char *name;
	json_t *value;

	(void)printf("%-18s %s\n%-18s %s\n%-18s %u\n%-18s GICv%u\n%-18s %u bits\n"
		     "%-18s %llu Hz, %s\n",
		     "host", host->name, "caisson", host->version, "machine model", host->machine,
		     "interrupts", host->gic_version, "addresses", host->ipa_bits, "counter",
		     (unsigned long long)host->counter_hz,
		     host->ecv ? "can be scaled (FEAT_ECV)" : "cannot be scaled (no FEAT_ECV)");
	json_object_foreach(json_object_get(json, "registers"), name, value)(void)
		printf("%-18s %s\n", name, json_string_value(value));
	json_decref(json);
}

int cli_host_info(int argc, char **argv)
{
	static const struct option names[] = {{"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct hostinfo host;
	bool json = false;
	int letter;

	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == 'h') {
			fputs(usage, stdout);
			return CLI_OK;
		}
		if (letter == '?')
			return CLI_USAGE;
		json = true;
	}
	if (optind < argc) {
		say("%s: one argument too many (see caisson host-info --help)", argv[optind]);
		return CLI_USAGE;
	}
	if (hyp_find() != ERR_OK || hostinfo_read(&host) != ERR_OK)
		return CLI_FAILED;
	if (json)
		return cli_print_json(hostinfo_to_json(&host));
	print_table(&host);
	return CLI_OK;
}
