// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/bits.h"
#include "lib/err.h"
#include "vmm/cli.h"
#include "vmm/clock.h"
#include "vmm/config.h"
#include "vmm/paths.h"
#include "vmm/say.h"
#include "vmm/wire.h"

/*
 * `caisson agent`: one command for qemu-guest-agent and its answer, JSON both ways, a line each.
 * Who talked to the agent before may have left half a command or not waited for an answer, so a
 * guest-sync-delimited comes first: its 0xff makes the agent forget what is half said, and
 * nothing counts before the 0xff that its answer begins with. What comes is the guest's word.
 */

#define MARK           0xff
#define ANSWER_SECONDS 10
#define DOWN_SECONDS   90 /* as caisson stop */
#define PIECE_BYTES    KIB(64)
#define ANSWER_MAX     MIB(64) /* guest-file-read: 48 MiB in base64 */
#define RETRY_MS       50
#define DOWN_COMMAND   "guest-shutdown" /* has no answer when all is well */

static const char usage[] =
	"usage: caisson agent NAME COMMAND [JSON] [--timeout SECONDS]\n"
	"\n"
	"Gives a command to the guest agent of a virtual machine (qemu-guest-agent, with the\n"
	"machine's setting agent), JSON being its arguments, and prints what it returns. Waits\n"
	"10 seconds for that if not told otherwise, and 90 for the end after guest-shutdown.\n"
	"\n"
	"  caisson agent web guest-ping\n"
	"  caisson agent web guest-exec '{\"path\": \"uptime\", \"capture-output\": true}'\n"
	"  caisson agent web guest-exec-status '{\"pid\": 612}'\n";

struct agent {
	const char *name;
	int fd;
	uint64_t seconds;
	uint64_t until_ms;
	uint8_t *in; /* what came and was not used yet */
	size_t bytes;
	size_t room;
};

/* ---- bytes both ways ----------------------------------------------------------------------- */

/* ERR_BUSY: time is up. */
static enum err await(const struct agent *a, short events)
{
	struct pollfd wait = {.fd = a->fd, .events = events};
	uint64_t now;

	while ((now = clock_now_ms()) < a->until_ms) {
		if (poll(&wait, 1, (int)(a->until_ms - now)) > 0)
			return ERR_OK;
	}
	return ERR_BUSY;
}

static enum err send_bytes(const struct agent *a, const void *bytes, size_t count)
{
	const uint8_t *next = bytes;

	while (count != 0) {
		enum err err = await(a, POLLOUT);

		if (err != ERR_OK)
			return err;

		ssize_t sent = write(a->fd, next, count);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_TRUNCATED;
		next += sent > 0 ? sent : 0;
		count -= sent > 0 ? (size_t)sent : 0;
	}
	return ERR_OK;
}

/* message: taken over. */
static enum err send_message(const struct agent *a, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	enum err err = text != NULL ? ERR_OK : ERR_NO_MEMORY;

	json_decref(message);
	if (err == ERR_OK)
		err = send_bytes(a, text, strlen(text));
	free(text);
	return err == ERR_OK ? send_bytes(a, "\n", 1) : err;
}

static enum err make_room(struct agent *a)
{
	uint8_t *more;

	if (a->room - a->bytes >= PIECE_BYTES)
		return ERR_OK;
	if (a->room >= ANSWER_MAX)
		return ERR_RANGE;
	more = realloc(a->in, 2 * a->room + PIECE_BYTES);
	if (more == NULL)
		return ERR_NO_MEMORY;
	a->in = more;
	a->room = 2 * a->room + PIECE_BYTES;
	return ERR_OK;
}

/* ERR_TRUNCATED: the connection has ended. */
static enum err receive_some(struct agent *a)
{
	enum err err = make_room(a);
	ssize_t got;

	if (err == ERR_OK)
		err = await(a, POLLIN);
	if (err != ERR_OK)
		return err;
	got = read(a->fd, a->in + a->bytes, PIECE_BYTES);
	if (got > 0)
		a->bytes += (size_t)got;
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)) ? ERR_OK : ERR_TRUNCATED;
}

/* Up to and with this byte; *length: without it. The caller drops what it has used. */
static enum err receive_until(struct agent *a, uint8_t end, size_t *length)
{
	size_t seen = 0;

	for (;;) {
		const uint8_t *at =
			a->bytes > seen ? memchr(a->in + seen, end, a->bytes - seen) : NULL;
		enum err err;

		if (at != NULL) {
			*length = (size_t)(at - a->in);
			return ERR_OK;
		}
		seen = a->bytes;
		err = receive_some(a);
		if (err != ERR_OK)
			return err;
	}
}

static void drop(struct agent *a, size_t bytes)
{
	a->bytes -= bytes;
	memmove(a->in, a->in + bytes, a->bytes);
}

/* The next line, as the object it should be; ERR_INVALID: it is none. */
static enum err receive_message(struct agent *a, json_t **message)
{
	size_t length;
	enum err err = receive_until(a, '\n', &length);

	if (err != ERR_OK)
		return err;
	*message = json_loadb((const char *)a->in, length, JSON_REJECT_DUPLICATES, NULL);
	drop(a, length + 1);
	if (json_is_object(*message))
		return ERR_OK;
	json_decref(*message);
	return ERR_INVALID;
}

/* ---- the conversation ---------------------------------------------------------------------- */

static enum err synchronise(struct agent *a)
{
	static const uint8_t mark = MARK;
	json_int_t id = (json_int_t)(clock_now_ms() << 16 ^ (uint64_t)getpid()) & INT32_MAX;
	enum err err = send_bytes(a, &mark, sizeof(mark));

	if (err == ERR_OK)
		err = send_message(a, json_pack("{s:s,s:{s:I}}", "execute", "guest-sync-delimited",
						"arguments", "id", id));
	while (err == ERR_OK) {
		json_t *answer = NULL;
		size_t length;

		err = receive_until(a, MARK, &length);
		if (err != ERR_OK)
			return err;
		drop(a, length + 1);
		err = receive_message(a, &answer);
		if (err == ERR_INVALID)
			err = ERR_OK; /* not ours yet */
		else if (err == ERR_OK &&
			 json_integer_value(json_object_get(answer, "return")) == id)
			return json_decref(answer), ERR_OK;
		json_decref(answer);
	}
	return err;
}

static int tell_failure(const struct agent *a, enum err err)
{
	switch (err) {
	case ERR_BUSY:
		say("%s has not answered within %llu s", a->name, (unsigned long long)a->seconds);
		break;
	case ERR_TRUNCATED:
		say("%s: the connection to the agent has ended", a->name);
		break;
	case ERR_RANGE:
		say("%s: the agent's answer is too long", a->name);
		break;
	default:
		say("%s: the agent's answer is no JSON", a->name);
		break;
	}
	return CLI_FAILED;
}

static bool connect_agent(struct agent *a)
{
	char path[PATHS_MAX];

	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s/" PATHS_AGENT, a->name);
	a->fd = wire_connect(path);
	a->bytes = 0;
	if (a->fd < 0 && errno == EACCES)
		say("not allowed: virtual machines are for root and the group %s", PATHS_GROUP);
	else if (a->fd < 0)
		say("there is no virtual machine called %s that has a port for an agent "
		    "(setting agent)",
		    a->name);
	return a->fd >= 0;
}

/* In touch with the agent; again and again while another client is. Tells what is wrong. */
static bool reach(struct agent *a)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * NS_PER_MS};
	enum err err = ERR_TRUNCATED;
	bool refused = false;

	while (connect_agent(a)) {
		err = synchronise(a);
		refused |= err == ERR_TRUNCATED;
		if (err != ERR_TRUNCATED || clock_now_ms() >= a->until_ms)
			break;
		(void)close(a->fd);
		(void)nanosleep(&pause, NULL);
	}
	if (a->fd < 0 || err == ERR_OK)
		return a->fd >= 0;
	if (refused && (err == ERR_BUSY || err == ERR_TRUNCATED))
		say("the port for the agent of %s is another client's", a->name);
	else if (err == ERR_BUSY)
		say("no agent answers in %s: is qemu-guest-agent running there? (caisson info %s: "
		    "agent)",
		    a->name, a->name);
	else
		(void)tell_failure(a, err);
	return false;
}

/* What it returned, or its error; ASCII only, since it is the guest's word. */
static int print_answer(const struct agent *a, json_t *answer)
{
	json_t *result = json_object_get(answer, "return");
	json_t *error = json_object_get(json_object_get(answer, "error"), "desc");
	char *text = json_dumps(result != NULL ? result : error,
				JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_INDENT(2));

	if (text != NULL && result != NULL)
		(void)puts(text);
	else
		say("the agent of %s says: %s", a->name, text != NULL ? text : "nothing known");
	free(text);
	return result != NULL ? CLI_OK : CLI_FAILED;
}

static int converse(struct agent *a, const char *command, json_t *arguments)
{
	json_t *question = json_pack("{s:s}", "execute", command);
	json_t *answer = NULL;
	enum err err;
	int status;

	if (arguments != NULL)
		(void)json_object_set(question, "arguments", arguments);
	err = send_message(a, question);
	if (err == ERR_OK)
		err = receive_message(a, &answer);
	if (err == ERR_TRUNCATED && strcmp(command, DOWN_COMMAND) == 0)
		return CLI_OK;
	if (err != ERR_OK)
		return tell_failure(a, err);
	status = print_answer(a, answer);
	json_decref(answer);
	return status;
}

/* ---- the command --------------------------------------------------------------------------- */

static bool parse_options(int argc, char **argv, struct agent *a, bool *help)
{
	static const struct option names[] = {
		{"timeout", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int letter;

	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == '?')
			return false;
		*help |= letter == 'h';
		if (letter == 't' && !cli_take_seconds(optarg, &a->seconds))
			return false;
	}
	return true;
}

static int run(struct agent *a, const char *command, const char *text)
{
	json_t *arguments = NULL;
	int status = CLI_FAILED;

	if (text != NULL) {
		arguments = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(arguments)) {
			say("'%s' is not a JSON object", text);
			json_decref(arguments);
			return CLI_USAGE;
		}
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (reach(a))
		status = converse(a, command, arguments);
	if (a->fd >= 0)
		(void)close(a->fd);
	free(a->in);
	json_decref(arguments);
	return status;
}

int cli_agent(int argc, char **argv)
{
	struct agent agent = {.fd = -1, .seconds = UINT64_MAX};
	bool help = false;
	const char *command;

	if (!parse_options(argc, argv, &agent, &help))
		return CLI_USAGE;
	if (help) {
		fputs(usage, stdout);
		return CLI_OK;
	}
	if (argc - optind < 2 || argc - optind > 3 || !config_is_name(argv[optind])) {
		say("which virtual machine, which command? (see caisson agent --help)");
		return CLI_USAGE;
	}
	agent.name = argv[optind];
	command = argv[optind + 1];
	if (agent.seconds == UINT64_MAX)
		agent.seconds = strcmp(command, DOWN_COMMAND) == 0 ? DOWN_SECONDS : ANSWER_SECONDS;
	agent.until_ms = clock_now_ms() + agent.seconds * MS_PER_S;
	return run(&agent, command, optind + 2 < argc ? argv[optind + 2] : NULL);
}
