// SPDX-License-Identifier: BSD-2-Clause
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/bits.h"
#include "vmm/cli.h"
#include "vmm/clock.h"
#include "vmm/escape.h"
#include "vmm/say.h"

/* `caisson guest`: what the tools in a guest do for its owner (caisson(1)). */

#define SECONDS_DEFAULT 90
#define PATIENCE_MS     5000 /* with the VMM, beyond the time that its guest has */

struct request {
	const char *name; /* of the VM */
	const char *key;  /* the command's first argument, NULL: none */
	const char *value;
	bool json;
	bool raw;
	bool force;
	uint64_t seconds;
};

/* ---- values ------------------------------------------------------------------------------ */

/* In pieces; each is printed as it comes. */
static int get(const struct request *r)
{
	json_int_t position = 0, bytes = 0;

	do {
		json_t *answer;
		const char *text;
		size_t count = 0;
		uint8_t *raw;

		if (cli_ask_vm(r->name, "guest-get",
			       json_pack("{s:s,s:I}", "key", r->key, "position", position),
			       CLI_ANSWER_MS, false, &answer) != ERR_OK)
			return CLI_FAILED;
		text = json_string_value(json_object_get(answer, "value"));
		bytes = json_integer_value(json_object_get(answer, "bytes"));
		raw = text != NULL ? malloc(strlen(text) + 1) : NULL;
		if (raw == NULL || !escape_undo(text, raw, &count)) {
			say("%s: an answer that is none", r->name);
			bytes = -1;
		} else if (r->raw) {
			(void)fwrite(raw, 1, count, stdout);
		} else {
			fputs(text, stdout);
		}
		position += (json_int_t)count;
		if (count == 0 && bytes > position)
			bytes = -1; /* it has become shorter: no end would come */
		free(raw);
		json_decref(answer);
	} while (position < bytes);
	if (!r->raw)
		(void)putchar('\n');
	return bytes < 0 ? CLI_FAILED : CLI_OK;
}

/* Asks for what needs no more than an answer. */
static int ask(const struct request *r, const char *question, json_t *arguments)
{
	json_t *answer;

	if (cli_ask_vm(r->name, question, arguments, r->seconds * 1000 + PATIENCE_MS, false,
		       &answer) != ERR_OK)
		return CLI_FAILED;
	json_decref(answer);
	return CLI_OK;
}

static int set(const struct request *r)
{
	size_t length = strlen(r->value);
	char *text = malloc(ESCAPE_ROOM(length));
	int status = CLI_FAILED;

	if (text == NULL)
		return CLI_FAILED;
	/* A line of the control socket's holds 64 KiB. */
	if (escape_bytes(text, (const uint8_t *)r->value, length) > 60000)
		say("too long: a value of more than 60000 characters, each that is not printable "
		    "taken for four, comes by caisson run --guestinfo");
	else
		status = ask(r, "guest-set", json_pack("{s:s,s:s}", "key", r->key, "value", text));
	free(text);
	return status;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

/* All entries, in as many answers as it takes; NULL: told. */
static json_t *fetch_list(const struct request *r)
{
	json_t *all = json_array(), *answer;
	size_t count;

	do {
		if (cli_ask_vm(r->name, "guest-list",
			       json_pack("{s:I}", "position", (json_int_t)json_array_size(all)),
			       CLI_ANSWER_MS, false, &answer) != ERR_OK) {
			json_decref(all);
			return NULL;
		}
		count = json_array_size(answer);
		(void)json_array_extend(all, answer);
		json_decref(answer);
	} while (count != 0);
	return all;
}

static int list(const struct request *r)
{
	json_t *all = fetch_list(r), *entry;
	size_t index;

	if (all == NULL)
		return CLI_FAILED;
	if (r->json)
		return cli_print_json(all);
	(void)printf("%-32s  %-6s  %7s  %s\n", "KEY", "SET BY", "BYTES", "VALUE");
	json_array_foreach(all, index, entry)
	{
		(void)printf("%-32s  %-6s  %7d  %s%s\n", text_of(entry, "key"),
			     text_of(entry, "set-by"),
			     (int)json_integer_value(json_object_get(entry, "bytes")),
			     json_object_get(entry, "redacted") != NULL ? "(a secret, read)"
									: text_of(entry, "value"),
			     json_is_true(json_object_get(entry, "cut")) ? "..." : "");
	}
	json_decref(all);
	return CLI_OK;
}

static int ip(const struct request *r)
{
	json_t *answer, *list_of, *address;
	size_t index;
	int status = CLI_OK;

	if (cli_ask_vm(r->name, "guest-info", NULL, CLI_ANSWER_MS, false, &answer) != ERR_OK)
		return CLI_FAILED;
	list_of = json_object_get(answer, "addresses");
	if (r->json) {
		status = cli_print_json(list_of != NULL ? json_incref(list_of) : json_array());
	} else if (json_array_size(list_of) == 0) {
		say("%s: %s", r->name,
		    json_is_true(json_object_get(answer, "running"))
			    ? "its tools have told no address (yet)"
			    : "no tools run in the guest (yet)");
		status = CLI_FAILED;
	} else {
		json_array_foreach(list_of, index, address)(void) puts(json_string_value(address));
	}
	json_decref(answer);
	return status;
}

/* ---- commands ---------------------------------------------------------------------------- */

static json_t *within(const struct request *r)
{
	return json_pack("{s:I}", "timeout", (json_int_t)r->seconds * 1000);
}

/* What is left of the time, in whole seconds. */
static uint64_t left_s(const struct request *r, uint64_t begun_ms)
{
	uint64_t gone_s = (clock_now_ms() - begun_ms) / 1000;

	return gone_s < r->seconds ? r->seconds - gone_s : 0;
}

static int shutdown(const struct request *r)
{
	uint64_t begun = clock_now_ms();
	struct request quit = *r;
	char late[96];
	int status = ask(r, "guest-shutdown", within(r));

	(void)snprintf(late, sizeof(late), "has not shut down within %" PRIu64 " s%s", r->seconds,
		       r->force ? "" : " (--force takes its power away then)");
	if (status == CLI_OK)
		status = cli_await_end(r->name, left_s(r, begun), late);
	if (status == CLI_OK || !r->force || cli_is_listed(r->name) != 1)
		return status;
	say("%s: its power is taken away", r->name);
	quit.seconds = SECONDS_DEFAULT;
	status = ask(&quit, "quit", NULL);
	return status == CLI_OK ? cli_await_end(r->name, quit.seconds, "does not end") : status;
}

/* How often the guest has started; -1: not to be learnt. */
static json_int_t starts(const struct request *r, bool quiet)
{
	json_int_t count = -1;
	json_t *answer;

	if (cli_ask_vm(r->name, "query-info", NULL, CLI_ANSWER_MS, quiet, &answer) == ERR_OK)
		count = json_integer_value(json_object_get(answer, "starts"));
	json_decref(answer);
	return count;
}

static int await_start(const struct request *r, json_int_t before, uint64_t seconds)
{
	const struct timespec pause = {.tv_nsec = CLI_POLL_MS * 1000000L};
	uint64_t begun = clock_now_ms();

	do {
		if (starts(r, true) > before)
			return CLI_OK;
		if (cli_is_listed(r->name) != 1) {
			say("%s has ended instead", r->name);
			return CLI_FAILED;
		}
		(void)nanosleep(&pause, NULL);
	} while (clock_now_ms() - begun < seconds * 1000);
	say("%s has not started again within %" PRIu64 " s", r->name, r->seconds);
	return CLI_FAILED;
}

static int reboot(const struct request *r)
{
	uint64_t begun = clock_now_ms();
	json_int_t before = starts(r, false);
	int status = before < 0 ? CLI_FAILED : ask(r, "guest-reboot", within(r));

	if (status == CLI_OK)
		status = await_start(r, before, left_s(r, begun));
	if (status == CLI_OK || !r->force || cli_is_listed(r->name) != 1)
		return status;
	say("%s: it is reset", r->name);
	status = ask(r, "system_reset", NULL);
	return status == CLI_OK ? await_start(r, before, SECONDS_DEFAULT) : status;
}

static int sync_time(const struct request *r)
{
	return ask(r, "guest-sync-time", within(r));
}

static int freeze(const struct request *r)
{
	return ask(r, "guest-freeze", within(r));
}

static int thaw(const struct request *r)
{
	return ask(r, "guest-thaw", within(r));
}

/* ---- the command line -------------------------------------------------------------------- */

static const struct {
	const char *name;
	int arguments;
	const char *letters; /* of options, see below */
	int (*run)(const struct request *r);
} commands[] = {
	{"get", 1, "r", get},        {"set", 2, "", set},
	{"list", 0, "j", list},      {"shutdown", 0, "ft", shutdown},
	{"reboot", 0, "ft", reboot}, {"sync-time", 0, "t", sync_time},
	{"ip", 0, "j", ip},          {"freeze", 0, "t", freeze},
	{"thaw", 0, "t", thaw},
};

static const struct option names[] = {
	{"json", no_argument, NULL, 'j'},  {"raw", no_argument, NULL, 'r'},
	{"force", no_argument, NULL, 'f'}, {"timeout", required_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},  {NULL, 0, NULL, 0},
};

static const char usage[] =
	"usage: caisson guest NAME COMMAND [--timeout SECONDS]\n"
	"\n"
	"Speaks with the tools in a guest (open-vm-tools) of a machine that was started with\n"
	"--guest-tools vmware.\n"
	"\n"
	"  get KEY [--raw]     the value of guestinfo.KEY; what is not printable as \\xNN\n"
	"  set KEY VALUE       sets it\n"
	"  list [--json]       all that either side has set\n"
	"  shutdown [--force]  lets the guest shut down, and waits until it has ended\n"
	"  reboot [--force]    lets it reboot, and waits until it starts again\n"
	"  sync-time           sets the guest's clock by the host's\n"
	"  ip [--json]         its addresses\n"
	"  freeze, thaw        halts writing to its file systems, for a copy of its disks;\n"
	"                      lets it go on\n"
	"\n"
	"Each waits for 90 seconds, if not told otherwise. --force: after that, or when no\n"
	"tools answer, takes the machine's power away, or resets it.\n";

static bool take_option(int letter, struct request *r)
{
	r->json |= letter == 'j';
	r->raw |= letter == 'r';
	r->force |= letter == 'f';
	return letter != '?' && (letter != 't' || cli_take_seconds(optarg, &r->seconds));
}

/* The arguments behind the options: NAME COMMAND [KEY [VALUE]]. -1: wrong, told. */
static int take_words(int argc, char **argv, struct request *r)
{
	size_t i = 0;

	if (!cli_take_name(argc > 0 ? argv[0] : NULL))
		return -1;
	r->name = argv[0];
	while (argc > 1 && i < ARRAY_SIZE(commands) && strcmp(commands[i].name, argv[1]) != 0)
		i++;
	if (argc < 2 || i == ARRAY_SIZE(commands)) {
		say("%s: which command? (see caisson guest --help)", argc > 1 ? argv[1] : r->name);
		return -1;
	}
	if (argc - 2 != commands[i].arguments) {
		say("%s: %s (see caisson guest --help)", argv[1],
		    argc - 2 < commands[i].arguments ? "an argument is missing"
						     : "too many arguments");
		return -1;
	}
	r->key = argc > 2 ? argv[2] : NULL;
	r->value = argc > 3 ? argv[3] : NULL;
	return (int)i;
}

int cli_guest(int argc, char **argv)
{
	struct request r = {.seconds = SECONDS_DEFAULT};
	char given[16] = "";
	size_t count = 0;
	int letter, command;

	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == 'h') {
			fputs(usage, stdout);
			return CLI_OK;
		}
		if (!take_option(letter, &r))
			return CLI_USAGE;
		if (count + 1 < sizeof(given))
			given[count++] = (char)letter;
	}
	command = take_words(argc - optind, argv + optind, &r);
	if (command < 0)
		return CLI_USAGE;
	if (strspn(given, commands[command].letters) != count) {
		say("%s: an option that is not for this (see caisson guest --help)",
		    commands[command].name);
		return CLI_USAGE;
	}
	return commands[command].run(&r);
}
