// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/client.h"
#include "vmm/guestreport.h"
#include "vmm/paths.h"
#include "vmm/say.h"

#define ERROR_BYTES  512
#define STOP_SECONDS 90
#define COLUMN_NAME  16

/* ---- options ----------------------------------------------------------------------------- */

struct options {
	const char *name; /* NULL: none was given */
	bool json;
	bool force;
	uint64_t seconds;
};

/* What a command understands besides --help. */
struct syntax {
	const char *usage;
	bool takes_name;
	bool may_have_name;
	const char *letters; /* of the options, see below */
};

static const struct option names[] = {
	{"json", no_argument, NULL, 'j'},
	{"force", no_argument, NULL, 'f'},
	{"timeout", required_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

bool cli_take_seconds(const char *text, uint64_t *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtoul(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *seconds <= 86400)
		return true;
	say("--timeout %s: not a number of seconds up to 86400", text);
	return false;
}

bool cli_take_name(const char *text)
{
	if (text == NULL)
		say("which virtual machine? (caisson list names them)");
	else if (!config_is_name(text))
		say("'%s' is not the name of a virtual machine", text);
	else
		return true;
	return false;
}

/* False: *status is what to end with. */
static bool parse(int argc, char **argv, const struct syntax *syntax, struct options *options,
		  int *status)
{
	int letter, index = 0;

	*options = (struct options){.seconds = STOP_SECONDS};
	*status = CLI_USAGE;
	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, &index)) != -1) {
		if (letter == 'h') {
			fputs(syntax->usage, stdout);
			*status = CLI_OK;
			return false;
		}
		if (letter == '?')
			return false;
		if (strchr(syntax->letters, letter) == NULL) {
			say("--%s: not an option of caisson %s", names[index].name, argv[0]);
			return false;
		}
		options->json |= letter == 'j';
		options->force |= letter == 'f';
		if (letter == 't' && !cli_take_seconds(optarg, &options->seconds))
			return false;
	}
	if ((syntax->takes_name || syntax->may_have_name) && optind < argc)
		options->name = argv[optind++];
	if (optind < argc) {
		say("%s: one argument too many (see caisson %s --help)", argv[optind], argv[0]);
		return false;
	}
	if ((syntax->takes_name || options->name != NULL) && !cli_take_name(options->name))
		return false;
	return true;
}

/* ---- asking ------------------------------------------------------------------------------ */

/* Asks caissond. NULL: told. */
static json_t *ask_caissond(const char *question, json_t *arguments)
{
	char error[ERROR_BYTES];
	struct client client;
	json_t *answer = NULL;

	if (client_open(&client) != ERR_OK) {
		json_decref(arguments);
		return NULL;
	}
	if (rpc_ask(&client.wire, question, arguments, CLI_ANSWER_MS, NULL, NULL, &answer, error,
		    sizeof(error)) != ERR_OK)
		say("caissond: %s", error);
	wire_close(&client.wire);
	return answer;
}

enum err cli_open_control(const char *name, bool quiet, struct wire *wire)
{
	char path[PATHS_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s/" PATHS_CONTROL, name);
	fd = wire_connect(path);
	if (fd >= 0)
		return wire_init(wire, fd);
	if (quiet)
		return ERR_NOT_FOUND;
	if (errno == EACCES)
		say("not allowed: virtual machines are for root and the group %s", PATHS_GROUP);
	else if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
		say("there is no virtual machine called %s (caisson list names them)", name);
	else
		say("cannot reach %s: %s", name, strerror(errno));
	return ERR_NOT_FOUND;
}

enum err cli_ask_vm(const char *name, const char *question, json_t *arguments, uint64_t timeout_ms,
		    bool quiet, json_t **answer)
{
	char error[ERROR_BYTES];
	struct wire wire;
	enum err err = cli_open_control(name, quiet, &wire);

	*answer = NULL;
	if (err != ERR_OK) {
		json_decref(arguments);
		return err;
	}
	err = rpc_ask(&wire, question, arguments, timeout_ms, NULL, NULL, answer, error,
		      sizeof(error));
	if (err != ERR_OK && !quiet)
		say("%s: %s", name, error);
	wire_close(&wire);
	return err;
}

int cli_print_json(json_t *value)
{
	int failed = json_dumpf(value, stdout, JSON_INDENT(2));

	(void)putchar('\n');
	json_decref(value);
	return failed != 0 ? CLI_FAILED : CLI_OK;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* ---- list, info -------------------------------------------------------------------------- */

int cli_list(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage = "usage: caisson list [--json]\n\nThe virtual machines there are.\n",
		.letters = "j"};
	struct options options;
	struct guestreport guest;
	json_t *answer, *vm;
	size_t index;
	int status;

	if (!parse(argc, argv, &syntax, &options, &status))
		return status;
	answer = ask_caissond("list", NULL);
	if (answer == NULL)
		return CLI_FAILED;
	if (options.json)
		return cli_print_json(answer);
	(void)printf("%-*s  %-8s  %4s  %9s  %7s  %-15s  %s\n", COLUMN_NAME, "NAME", "STATE", "CPUS",
		     "MEMORY", "PID", "ADDRESS", "OS");
	json_array_foreach(answer, index, vm)
	{
		const char *address;

		guestreport_take(&guest, vm);
		address = guestreport_address(&guest);
		(void)printf("%-*s  %-8s  %4d  %5d MiB  %7d  %-15s  %s\n", COLUMN_NAME,
			     text_of(vm, "name"), text_of(vm, "state"), (int)number_of(vm, "cpus"),
			     (int)(number_of(vm, "memory") >> 20), (int)number_of(vm, "pid"),
			     address != NULL ? address : "-", guest.os[0] != '\0' ? guest.os : "-");
	}
	json_decref(answer);
	return CLI_OK;
}

/* A line for each member; what is a list or an object stands there as JSON. */
static void print_members(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char *text = NULL;

		if (json_is_string(value))
			(void)printf("%-*s  %s\n", COLUMN_NAME, key, json_string_value(value));
		else if ((text = json_dumps(value, JSON_ENCODE_ANY)) != NULL)
			(void)printf("%-*s  %s\n", COLUMN_NAME, key, text);
		free(text);
	}
}

static int show(int argc, char **argv, const struct syntax *syntax, const char *question)
{
	struct options options;
	json_t *answer;
	int status;

	if (!parse(argc, argv, syntax, &options, &status))
		return status;
	if (cli_ask_vm(options.name, question, NULL, CLI_ANSWER_MS, false, &answer) != ERR_OK)
		return CLI_FAILED;
	if (options.json)
		return cli_print_json(answer);
	print_members(answer);
	json_decref(answer);
	return CLI_OK;
}

int cli_info(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage =
			"usage: caisson info NAME [--json]\n\nWhat a virtual machine is made of.\n",
		.takes_name = true,
		.letters = "j"};

	return show(argc, argv, &syntax, "query-info");
}

int cli_stats(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage =
			"usage: caisson stats NAME [--json]\n"
			"\n"
			"What the hypervisor has counted for a virtual machine since it started.\n",
		.takes_name = true,
		.letters = "j"};

	return show(argc, argv, &syntax, "query-stats");
}

/* ---- log --------------------------------------------------------------------------------- */

/* All that caissond has, piece by piece. */
static int print_log(const char *name)
{
	json_int_t position = 0;
	json_t *answer;
	size_t bytes;

	do {
		json_t *arguments = json_pack("{s:I}", "position", position);

		if (name != NULL)
			(void)json_object_set_new(arguments, "name", json_string(name));
		answer = ask_caissond("log", arguments);
		if (answer == NULL)
			return CLI_FAILED;
		bytes = json_string_length(json_object_get(answer, "text"));
		(void)fwrite(text_of(answer, "text"), 1, bytes, stdout);
		position = number_of(answer, "position");
		json_decref(answer);
	} while (bytes != 0);
	return CLI_OK;
}

int cli_log(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage = "usage: caisson log [NAME]\n"
			 "\n"
			 "The messages of a detached virtual machine's process, kept also after "
			 "its\n"
			 "end; without a name those of the hypervisor.\n",
		.may_have_name = true,
		.letters = ""};
	struct options options;
	int status;

	return parse(argc, argv, &syntax, &options, &status) ? print_log(options.name) : status;
}

/* ---- pause, resume, stop ----------------------------------------------------------------- */

static int command(int argc, char **argv, const struct syntax *syntax, const char *name)
{
	struct options options;
	json_t *answer;
	int status;

	if (!parse(argc, argv, syntax, &options, &status))
		return status;
	if (cli_ask_vm(options.name, name, options.force ? json_pack("{s:b}", "force", true) : NULL,
		       CLI_ANSWER_MS, false, &answer) != ERR_OK)
		return CLI_FAILED;
	json_decref(answer);
	return CLI_OK;
}

int cli_pause(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage = "usage: caisson pause NAME\n\nHalts the virtual CPUs of a machine.\n",
		.takes_name = true,
		.letters = ""};

	return command(argc, argv, &syntax, "stop");
}

int cli_resume(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage = "usage: caisson resume NAME [--force]\n"
			 "\n"
			 "Lets a paused machine go on. --force also one that is in doubt: that may "
			 "run on\nanother host, and is known not to.\n",
		.takes_name = true,
		.letters = "f"};

	return command(argc, argv, &syntax, "cont");
}

int cli_is_listed(const char *name)
{
	json_t *answer = ask_caissond("list", NULL);
	int listed = answer != NULL ? 0 : -1;
	json_t *vm;
	size_t index;

	json_array_foreach(answer, index, vm)
	{
		if (strcmp(text_of(vm, "name"), name) == 0)
			listed = 1;
	}
	json_decref(answer);
	return listed;
}

int cli_await_end(const char *name, uint64_t seconds, const char *late)
{
	const struct timespec pause = {.tv_nsec = CLI_POLL_MS * 1000000L};
	int listed = 1;

	for (uint64_t i = 0; i <= seconds * 1000 / CLI_POLL_MS && listed == 1; i++) {
		listed = cli_is_listed(name);
		if (listed == 1)
			(void)nanosleep(&pause, NULL);
	}
	if (listed == 1)
		say("%s %s", name, late);
	return listed == 0 ? CLI_OK : CLI_FAILED;
}

/* Its VMM does not answer, or there is none (any more). */
static int kill_vm(const char *name)
{
	json_t *answer = ask_caissond("kill", json_pack("{s:s}", "name", name));

	json_decref(answer);
	return answer != NULL ? CLI_OK : CLI_FAILED;
}

int cli_stop(int argc, char **argv)
{
	static const struct syntax syntax = {
		.usage = "usage: caisson stop NAME [--force] [--timeout SECONDS]\n"
			 "\n"
			 "Presses the power button of a virtual machine and waits until it has "
			 "ended,\n"
			 "90 seconds if not told otherwise. --force takes its power away.\n",
		.takes_name = true,
		.letters = "ft"};
	char late[96];
	struct options options;
	json_t *answer;
	enum err err;
	int status;

	if (!parse(argc, argv, &syntax, &options, &status))
		return status;
	err = cli_ask_vm(options.name, options.force ? "quit" : "system_powerdown", NULL,
			 CLI_ANSWER_MS, options.force, &answer);
	if (err == ERR_OK)
		json_decref(answer);
	else if (!options.force || kill_vm(options.name) != CLI_OK)
		return CLI_FAILED;
	(void)snprintf(late, sizeof(late),
		       "has not ended within %" PRIu64 " s (--force ends it at once)",
		       options.seconds);
	return cli_await_end(options.name, options.seconds, late);
}
