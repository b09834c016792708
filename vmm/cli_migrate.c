// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/cli.h"
#include "vmm/migrate.h"
#include "vmm/rpc.h"
#include "vmm/say.h"

/*
 * `caisson migrate`: starts the command that reaches the other host, gives one end of it to the
 * VM's process, and watches. That process does the rest; it runs no commands of anybody's, so it is
 * this program, too, that asks the other host when a move is in doubt.
 */

#define DEFAULT_RSH "ssh -T -o ServerAliveInterval=5 -o ServerAliveCountMax=3"
#define TICK_MS     500
#define ASK_SECONDS 2
#define NOT_FOUND   127 /* of a shell: there is no such command */
#define SSH_FAILED  255
#define LINE_BYTES  120
#define RSH_BYTES   4000

struct options {
	const char *vm, *host;
	const char *rsh;
	const char *name; /* over there; NULL: the same */
	const char *conf; /* settings of that host's */
	uint64_t max_downtime_ms;
	bool disks_shared, force, cancel, json;
};

struct watch {
	const struct options *options;
	struct wire wire;
	pid_t rsh;
	int rsh_status; /* once it has ended; -1: it has not */
	json_t *last;   /* what the VM said last of its move */
	bool cancelled;
	bool line_open; /* on the terminal */
};

static volatile sig_atomic_t interrupted;

/* ---- options ----------------------------------------------------------------------------- */

static const char usage[] =
	"usage: caisson migrate NAME HOST [--rsh COMMAND] [--name NAME] [--config FILE]\n"
	"                       [--max-downtime MS] [--force] [--disks-shared] [--json]\n"
	"       caisson migrate NAME HOST             (asks again, of a move that is in doubt)\n"
	"       caisson migrate NAME --cancel\n"
	"\n"
	"Moves a running machine to another host, where `caisson receive` is started by ssh.\n"
	"Its disks are to be the same files or devices there.\n"
	"\n"
	"  --rsh COMMAND      reaches HOST instead of ssh; the shell runs it with HOST and\n"
	"                     `caisson receive ...` behind it\n"
	"  --name NAME        what it is called there\n"
	"  --config FILE      its settings there: disks, networks, CPUs to dedicate\n"
	"                     (/etc/caisson/NAME.conf, if there is one there)\n"
	"  --max-downtime MS  how long it may stand still (300); it stays where that cannot be "
	"kept\n"
	"  --force            moves it even so, and stops it for as long as it takes\n"
	"  --disks-shared     vouches for disks that cannot be seen to be shared\n"
	"  --json             each step as a JSON object in a line\n"
	"  --cancel           ends a move that is under way; the machine stays\n";

#define OPTION_RSH      'r'
#define OPTION_NAME     'n'
#define OPTION_CONFIG   'c'
#define OPTION_DOWNTIME 'd'
#define OPTION_FORCE    'f'
#define OPTION_SHARED   's'
#define OPTION_CANCEL   'x'
#define OPTION_JSON     'j'
#define OPTION_HELP     'h'

static const struct option names[] = {
	{"rsh", required_argument, NULL, OPTION_RSH},
	{"name", required_argument, NULL, OPTION_NAME},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"max-downtime", required_argument, NULL, OPTION_DOWNTIME},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"disks-shared", no_argument, NULL, OPTION_SHARED},
	{"cancel", no_argument, NULL, OPTION_CANCEL},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool take_ms(const char *text, uint64_t *ms)
{
	char *end;

	errno = 0;
	*ms = strtoul(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *ms != 0 && *ms <= 3600000)
		return true;
	say("--max-downtime %s: not a number of milliseconds from 1 to 3600000", text);
	return false;
}

/* ssh hands its words to a shell there, which must take this for one word as it is. */
static bool is_plain(const char *path)
{
	if (strspn(path,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=") ==
		    strlen(path) &&
	    path[0] != '\0')
		return true;
	say("--config %s: letters, digits and /._-+,:@%%= alone get through a shell at the other "
	    "host",
	    path);
	return false;
}

static bool take_option(int letter, struct options *options)
{
	switch (letter) {
	case OPTION_RSH:
		options->rsh = optarg;
		if (strlen(optarg) <= RSH_BYTES)
			return true;
		say("--rsh: more than %u bytes", RSH_BYTES);
		return false;
	case OPTION_NAME:
		options->name = optarg;
		return cli_take_name(optarg);
	case OPTION_CONFIG:
		options->conf = optarg;
		return is_plain(optarg);
	case OPTION_DOWNTIME:
		return take_ms(optarg, &options->max_downtime_ms);
	case OPTION_FORCE:
		options->force = true;
		return true;
	case OPTION_SHARED:
		options->disks_shared = true;
		return true;
	case OPTION_CANCEL:
		options->cancel = true;
		return true;
	case OPTION_JSON:
		options->json = true;
		return true;
	default:
		return false;
	}
}

/* False: *status is what to end with. */
static bool parse(int argc, char **argv, struct options *options, int *status)
{
	int letter;

	*options = (struct options){.rsh = DEFAULT_RSH, .max_downtime_ms = MIGRATE_DOWNTIME_MS};
	*status = CLI_USAGE;
	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == OPTION_HELP) {
			fputs(usage, stdout);
			*status = CLI_OK;
			return false;
		}
		if (!take_option(letter, options))
			return false;
	}
	options->vm = optind < argc ? argv[optind++] : NULL;
	options->host = optind < argc ? argv[optind++] : NULL;
	if (!cli_take_name(options->vm))
		return false;
	if (optind < argc)
		say("%s: one argument too many (see caisson migrate --help)", argv[optind]);
	else if (options->cancel ? options->host != NULL : options->host == NULL)
		say(options->cancel ? "--cancel goes with a name alone"
				    : "to which host? (see caisson migrate --help)");
	else if (options->host != NULL && (options->host[0] == '-' || options->host[0] == '\0'))
		say("'%s' is not a host", options->host);
	else
		return true;
	return false;
}

/* ---- the command that reaches the other host --------------------------------------------- */

static void on_interrupt(int number)
{
	interrupted = 1;
}

/*
 * `COMMAND HOST caisson receive ...` with standard input and output at `end`. Ctrl-C is for this
 * program, which ends a move in order; ssh leaves a signal ignored that it finds so.
 */
static pid_t start_rsh(const struct options *options, int end, const char *const receive[])
{
	const char *argv[24] = {"sh", "-c", NULL, "sh", options->host, "caisson", "receive"};
	char command[RSH_BYTES + sizeof(" \"$@\"")];
	size_t count = 7;
	pid_t child;

	(void)snprintf(command, sizeof(command), "%s \"$@\"", options->rsh);
	argv[2] = command;
	while (*receive != NULL && count < ARRAY_SIZE(argv) - 1)
		argv[count++] = *receive++;
	child = fork();
	if (child == 0) {
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGPIPE, SIG_DFL);
		if (dup2(end, STDIN_FILENO) >= 0 && dup2(end, STDOUT_FILENO) >= 0)
			(void)execv("/bin/sh", (char *const *)(uintptr_t)argv);
		_exit(NOT_FOUND);
	}
	if (child < 0)
		say("cannot start a process: %s", strerror(errno));
	return child;
}

/* A connection and who is at its other end; -1: told. */
static int connect_rsh(const struct options *options, const char *const receive[], pid_t *child)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		say("cannot make a socket: %s", strerror(errno));
		return -1;
	}
	*child = start_rsh(options, ends[1], receive);
	(void)close(ends[1]);
	if (*child > 0)
		return ends[0];
	(void)close(ends[0]);
	return -1;
}

/* Has it ended? Waits `ms` for that. */
static bool reap(struct watch *w, uint64_t ms)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	int status;

	for (uint64_t waited = 0; w->rsh_status < 0; waited += 10) {
		if (waitpid(w->rsh, &status, WNOHANG) == w->rsh)
			w->rsh_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		else if (waited >= ms)
			return false;
		else
			(void)nanosleep(&pause, NULL);
	}
	return true;
}

/* ---- what is shown ----------------------------------------------------------------------- */

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *status_of(const struct watch *w)
{
	const char *status = json_string_value(json_object_get(w->last, "status"));

	return status != NULL ? status : "none";
}

static bool is_status(const struct watch *w, const char *status)
{
	return strcmp(status_of(w), status) == 0;
}

static void end_line(struct watch *w)
{
	if (w->line_open)
		(void)fputs("\r\n", stdout);
	w->line_open = false;
	(void)fflush(stdout);
}

static void show(struct watch *w)
{
	char line[LINE_BYTES];

	if (w->options->json) {
		(void)json_dumpf(w->last, stdout, JSON_COMPACT);
		(void)putchar('\n');
		(void)fflush(stdout);
		return;
	}
	if (isatty(STDOUT_FILENO) == 0)
		return;
	(void)snprintf(
		line, sizeof(line),
		"%-9s  round %-3d  %6lld MiB sent  %5lld MiB/s  %6lld MiB left  stop %lld ms",
		status_of(w), (int)number_of(w->last, "round"),
		(long long)number_of(w->last, "sent") >> 20,
		(long long)number_of(w->last, "rate") >> 20,
		(long long)number_of(w->last, "left") >> 20,
		(long long)number_of(w->last, "expected-downtime"));
	(void)printf("\r%-90s", line);
	w->line_open = true;
	(void)fflush(stdout);
}

/* ---- the VM's process -------------------------------------------------------------------- */

static void take_event(struct watch *w, const json_t *message)
{
	const char *event = json_string_value(json_object_get(message, "event"));
	json_t *data = json_object_get(message, "data");

	if (event == NULL || strcmp(event, "MIGRATION") != 0 || !json_is_object(data))
		return;
	json_decref(w->last);
	w->last = json_incref(data);
	show(w);
}

static void on_event(void *arg, json_t *message)
{
	take_event(arg, message);
}

/* A command, with a file descriptor (-1: none); its answer is told if it is an error. */
static enum err order(struct watch *w, const char *command, json_t *arguments, int fd, bool quiet,
		      json_t **answer)
{
	char error[512];
	enum err err = rpc_ask_with(&w->wire, fd, command, arguments, CLI_ANSWER_MS, on_event, w,
				    answer, error, sizeof(error));

	if (err != ERR_OK && !quiet) {
		end_line(w);
		say("%s: %s", w->options->vm, error);
	}
	return err;
}

static bool is_over(const struct watch *w)
{
	return is_status(w, "completed") || is_status(w, "failed") || is_status(w, "cancelled") ||
	       is_status(w, "in-doubt");
}

/* Until the move has ended, one way or the other. */
static void await_end(struct watch *w)
{
	json_t *message, *answer;
	enum err err = ERR_OK;

	while (!is_over(w) && (err == ERR_OK || err == ERR_BUSY)) {
		err = wire_receive(&w->wire, TICK_MS, &message);
		if (err == ERR_OK) {
			take_event(w, message);
			json_decref(message);
		}
		if (interrupted && !w->cancelled) {
			w->cancelled = true;
			err = order(w, "migrate-cancel", NULL, -1, false, &answer);
			json_decref(answer);
			err = err == ERR_INVALID ? ERR_OK : err;
		}
	}
}

/* ---- a move in doubt --------------------------------------------------------------------- */

/* What the other host has down about it. */
static enum handover_decision ask_host(const struct options *options, const char *token)
{
	const char *const receive[] = {"--ask", token, NULL};
	enum handover_decision answer = HANDOVER_OPEN;
	char text[16] = "";
	size_t got = 0;
	pid_t child;
	int fd = connect_rsh(options, receive, &child);
	ssize_t more = 1;

	if (fd < 0)
		return HANDOVER_OPEN;
	(void)shutdown(fd, SHUT_WR);
	while (more > 0 && got < sizeof(text) - 1) {
		more = read(fd, text + got, sizeof(text) - 1 - got);
		got += more > 0 ? (size_t)more : 0;
	}
	(void)close(fd);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR && !interrupted)
		;
	text[got] = '\0';
	if (strcmp(text, "here\n") == 0)
		answer = HANDOVER_HERE;
	else if (strcmp(text, "not\n") == 0)
		answer = HANDOVER_NOT;
	return answer;
}

/* Asks until there is an answer; the exit status. */
static int resolve(struct watch *w)
{
	const char *token = json_string_value(json_object_get(w->last, "token"));
	enum handover_decision answer = HANDOVER_OPEN;
	const struct timespec pause = {.tv_sec = ASK_SECONDS};
	json_t *unused;

	end_line(w);
	say("%s is in doubt: paused here, and perhaps running on %s, which is asked until it "
	    "answers (Ctrl-C leaves it so)",
	    w->options->vm, w->options->host);
	interrupted = 0;
	while (token != NULL && answer == HANDOVER_OPEN && !interrupted) {
		answer = ask_host(w->options, token);
		if (answer == HANDOVER_OPEN && !interrupted)
			(void)nanosleep(&pause, NULL);
	}
	if (answer == HANDOVER_OPEN) {
		say("%s is left in doubt: `caisson migrate %s %s` asks again; `caisson resume %s "
		    "--force` if it is known not to run there",
		    w->options->vm, w->options->vm, w->options->host, w->options->vm);
		return CLI_FAILED;
	}
	if (order(w, "migrate-answer",
		  json_pack("{s:s,s:s}", "token", token, "answer",
			    answer == HANDOVER_HERE ? "here" : "not"),
		  -1, false, &unused) != ERR_OK)
		return CLI_FAILED;
	json_decref(unused);
	say(answer == HANDOVER_HERE ? "%s runs on %s"
				    : "%s did not come to run on %s and goes on here",
	    w->options->vm, w->options->host);
	return answer == HANDOVER_HERE ? CLI_OK : CLI_FAILED;
}

/* ---- the whole --------------------------------------------------------------------------- */

/* The reason as far as this program knows it better than the VM's process. */
static void tell_failure(struct watch *w)
{
	const char *error = json_string_value(json_object_get(w->last, "error"));
	bool silent = number_of(w->last, "round") == 0 && number_of(w->last, "sent") == 0;

	if (silent && reap(w, 1000) && w->rsh_status == NOT_FOUND)
		say("%s was not reached, or has no `caisson` (see above): install it there",
		    w->options->host);
	else if (silent && w->rsh_status == SSH_FAILED)
		say("ssh did not reach %s (see above: its address, its identity, its key)",
		    w->options->host);
	else
		say("%s", error != NULL ? error : "it did not move");
	say("%s runs on here", w->options->vm);
}

static int tell_result(struct watch *w)
{
	end_line(w);
	if (is_status(w, "completed")) {
		if (!w->options->json)
			(void)printf("%s runs on %s: moved in %.1f s, stood still for %lld ms\n",
				     w->options->vm, w->options->host,
				     (double)number_of(w->last, "elapsed") / 1000,
				     (long long)number_of(w->last, "downtime"));
		return CLI_OK;
	}
	if (is_status(w, "in-doubt"))
		return resolve(w);
	if (is_over(w))
		tell_failure(w);
	else
		say("%s has ended, or its process was ended, before it had moved", w->options->vm);
	return CLI_FAILED;
}

static int move(struct watch *w)
{
	const struct options *options = w->options;
	const char *receive[5] = {NULL};
	size_t count = 0;
	json_t *answer;
	enum err err;
	int fd;

	if (options->name != NULL) {
		receive[count++] = "--name";
		receive[count++] = options->name;
	}
	if (options->conf != NULL) {
		receive[count++] = "--config";
		receive[count++] = options->conf;
	}
	/* Of a move before this one. */
	json_decref(w->last);
	w->last = NULL;
	fd = connect_rsh(options, receive, &w->rsh);
	if (fd < 0)
		return CLI_FAILED;
	err = order(w, "migrate",
		    json_pack("{s:s,s:I,s:b,s:b}", "host", options->host, "max-downtime",
			      (json_int_t)options->max_downtime_ms, "disks-shared",
			      options->disks_shared, "force", options->force),
		    fd, false, &answer);
	(void)close(fd);
	json_decref(answer);
	if (err != ERR_OK)
		return CLI_FAILED;
	await_end(w);
	return tell_result(w);
}

static int cancel(struct watch *w)
{
	json_t *answer;
	enum err err = order(w, "migrate-cancel", NULL, -1, false, &answer);

	json_decref(answer);
	return err == ERR_OK ? CLI_OK : CLI_FAILED;
}

int cli_migrate(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_interrupt};
	struct options options;
	struct watch w = {.options = &options, .rsh_status = -1};
	int status;

	if (!parse(argc, argv, &options, &status))
		return status;
	if (cli_open_control(options.vm, false, &w.wire) != ERR_OK)
		return CLI_FAILED;
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (options.cancel)
		status = cancel(&w);
	else if (order(&w, "migrate-status", NULL, -1, false, &w.last) != ERR_OK)
		status = CLI_FAILED;
	else
		status = is_status(&w, "in-doubt") ? resolve(&w) : move(&w);
	wire_close(&w.wire);
	json_decref(w.last);
	return status;
}
