/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shell's engine: keys to the line editor, lines to commands, what commands say to the console
 * page by page.
 *
 * Two ports and callers of other kinds may bring input at the same time, on several CPUs. One of
 * them does the work, the others only leave word that there is more (`turn`): nobody waits for a
 * lock here, since a command may have to wait for another CPU (hyp/core/crosscall.h).
 */
#include "hyp/console/shell.h"

#include "check.h"
#include "hyp/console/consoles.h"
#include "hyp/console/shell_cmd.h"
#include "hyp/console/turn.h"
#include "hyp/console/vcon.h"
#include "hyp/vm/inspect.h"
#include "lib/fmt.h"
#include "lib/lineedit.h"
#include "lib/termkey.h"
#include "lib/text.h"

#include <string.h>

#define HISTORY_BYTES KIB(64) /* scrollback */
#define PROMPT        "caisson> "
#define MORE          "-- more: Space, Enter, q --"

enum state {
	READING, /* a line is typed */
	PAUSED,  /* a command has more to say than fits on the screen */
	ASKING,  /* a line is typed: does he mean it? */
};

static struct {
	struct turn turn; /* who serves */
	struct vcon *console;
	enum state state;
	unsigned int columns;
	unsigned int rows;
	unsigned int row;    /* rows written since a key was pressed */
	unsigned int column; /* where the output is in its row */
	struct termkey keys;
	struct lineedit edit;
	char line[LINEEDIT_BYTES]; /* that the command's words are in */
	struct shell_job job;
	const struct shell_command *running;
} shell;

static bool help_step(struct shell_job *job);
static const char *help_check(struct shell_job *job);

static const struct shell_command shell_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.brief = "what commands there are, and what one does",
	.help = "Tab completes names; Up and Down go through the lines given before. A VM\n"
		"is named by `svm`, the service VM, or by its number in `vms`; a vCPU of\n"
		"it by a number behind a dot: svm.1, 0.3. Without it vCPU 0 is meant.",
	.most = 1,
	.check = help_check,
	.step = help_step,
};

static const struct shell_command *const commands[] = {
	&shell_help,   &shell_vms,      &shell_vcpu,       &shell_regs,   &shell_cpus,
	&shell_mem,    &shell_map,      &shell_irq,        &shell_timers, &shell_cache,
	&shell_exits,  &shell_log,      &shell_trace,      &shell_boot,   &shell_version,
	&shell_reboot, &shell_poweroff, &shell_panic_test,
};

const struct shell_command *shell_command(unsigned int index)
{
	return index < ARRAY_SIZE(commands) ? commands[index] : NULL;
}

static bool is_there(const struct shell_command *c)
{
	return !c->debug_only || CHECK_IS_DEBUG;
}

static const struct shell_command *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (is_there(commands[i]) && text_is(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

/* --- output --- */

unsigned int shell_rows(void)
{
	return shell.rows;
}

/* Rows are counted as a terminal of this width shows them. */
static void put(const char *text, size_t bytes)
{
	char out[SHELL_SAY_BYTES + 32];
	size_t used = 0, i;

	for (i = 0; i < bytes; i++) {
		if (text[i] == '\n') {
			out[used++] = '\r';
			shell.row++;
			shell.column = 0;
		} else if (++shell.column > shell.columns) {
			shell.row++;
			shell.column = 1;
		}
		out[used++] = text[i];
		if (used + 2 > sizeof(out) || i + 1 == bytes) {
			vcon_write(shell.console, (const uint8_t *)out, used);
			used = 0;
		}
	}
}

void shell_say(const char *fmt, ...)
{
	char text[SHELL_SAY_BYTES];
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put(text, length < sizeof(text) ? length : sizeof(text) - 1);
}

const char *shell_fail(struct shell_job *job, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)fmt_vsnprintf(job->error, sizeof(job->error), fmt, args);
	va_end(args);
	return job->error;
}

const char *shell_vm_name(char name[SHELL_NAME_BYTES], uint32_t vm)
{
	(void)fmt_snprintf(name, SHELL_NAME_BYTES, vm == INSPECT_SERVICE_VM ? "svm" : "%u", vm);
	return name;
}

const char *shell_vcpu_name(char name[SHELL_NAME_BYTES], uint32_t vm, uint32_t vcpu)
{
	char number[SHELL_NAME_BYTES];

	(void)fmt_snprintf(name, SHELL_NAME_BYTES, "%s.%u", shell_vm_name(number, vm), vcpu);
	return name;
}

const char *shell_target(struct shell_job *job, unsigned int n)
{
	struct inspect_vm vm;

	if (!shellcmd_target(job->args.word[n], INSPECT_SERVICE_VM, &job->vm, &job->vcpu))
		return shell_fail(job, "'%.40s' is no VM: svm or a number, and .vCPU behind it",
				  job->args.word[n]);
	/* The service VM's number is not for typing. */
	if ((job->vm == INSPECT_SERVICE_VM && job->args.word[n][0] != 's') ||
	    inspect_vm(job->vm, &vm) != ERR_OK)
		return shell_fail(job, "there is no VM %u: vms lists those that there are",
				  job->vm);
	if (job->vcpu >= vm.vcpu_count)
		return shell_fail(job, "VM %.8s has %u vCPUs, counted from 0", job->args.word[n],
				  vm.vcpu_count);
	return NULL;
}

uint64_t shell_nanoseconds(uint64_t ticks)
{
	uint64_t hz = inspect_hz();

	return ticks / hz * 1000000000 + ticks % hz * 1000000000 / hz;
}

const char *shell_seconds(char text[SHELL_NAME_BYTES], uint64_t ticks)
{
	uint64_t ms = shell_nanoseconds(ticks) / 1000000;

	(void)fmt_snprintf(text, SHELL_NAME_BYTES, "%lu.%03lu", ms / 1000, ms % 1000);
	return text;
}

/* --- help --- */

static const char *help_check(struct shell_job *job)
{
	if (job->args.count > 1 && !find(job->args.word[1]))
		return shell_fail(job, "no command '%.40s': help lists what there is",
				  job->args.word[1]);
	return NULL;
}

/* A line of a text at a time; *at is behind it. */
static bool say_line(const char *text, uint64_t *at)
{
	const char *line = text + *at;
	size_t length = 0;

	while (line[length] != '\0' && line[length] != '\n')
		length++;
	shell_say("%.*s\n", (int)length, line);
	*at += length + 1;
	return line[length] != '\0';
}

static bool help_one(const struct shell_command *c, struct shell_job *job)
{
	if (job->count++ == 0) {
		shell_say("%s %s\n", c->name, c->usage);
		shell_say("%s\n", c->brief);
		return true;
	}
	return say_line(c->help, &job->at);
}

static bool help_step(struct shell_job *job)
{
	const struct shell_command *c;
	char call[48];

	if (job->args.count > 1)
		return help_one(find(job->args.word[1]), job);
	c = shell_command((unsigned int)job->at++);
	if (!c) {
		shell_say("help COMMAND tells more.\n");
		return false;
	}
	if (is_there(c)) {
		(void)fmt_snprintf(call, sizeof(call), "%s %s", c->name, c->usage);
		shell_say("%-30s %s\n", call, c->brief);
	}
	return true;
}

/* --- running --- */

static void read_line(void)
{
	shell.state = READING;
	shell.running = NULL;
	shell.column = 0;
	lineedit_begin(&shell.edit, PROMPT);
}

/* Until the screen is full, `rows` more, or the command has said all. */
static void go_on(unsigned int rows)
{
	shell.row = 0;
	while (shell.running->step(&shell.job)) {
		if (shell.row + 1 >= rows) {
			shell.state = PAUSED;
			put(MORE, sizeof(MORE) - 1);
			return;
		}
	}
	read_line();
}

/* The command that the words name; NULL: *wrong says what is wrong, if there are any words. */
static const struct shell_command *choose(struct shell_job *job, const char **wrong)
{
	unsigned int count = job->args.count;
	const struct shell_command *c;

	*wrong = "";
	if (count == 0)
		return NULL;
	c = find(job->args.word[0]);
	if (!c)
		*wrong = shell_fail(job, "no command '%.40s': help lists what there is",
				    job->args.word[0]);
	else if (count - 1 < c->least || count - 1 > c->most)
		*wrong = shell_fail(job, "usage: %s %s", c->name, c->usage);
	else
		*wrong = c->check ? c->check(job) : NULL;
	return *wrong ? NULL : c;
}

/* The line is in shell.line. */
static void start(void)
{
	const struct shell_command *c = NULL;
	const char *wrong = "too many words: no command takes so many";

	memset(&shell.job, 0, sizeof(shell.job));
	if (shellcmd_split(&shell.job.args, shell.line))
		c = choose(&shell.job, &wrong);
	shell.running = c;
	if (!c) {
		if (*wrong)
			shell_say("%s\n", wrong);
		read_line();
	} else if (c->question) {
		shell.state = ASKING;
		lineedit_begin(&shell.edit, c->question);
	} else {
		go_on(shell.rows);
	}
}

/* --- input --- */

static void answered(bool yes)
{
	if (yes) {
		go_on(shell.rows);
		return;
	}
	shell_say("Not done.\n");
	read_line();
}

static void line_event(enum lineedit_event event)
{
	if (event == LINEEDIT_NOTHING || event == LINEEDIT_END)
		return;
	shell.row = 0;
	shell.column = 0;
	if (shell.state == ASKING) {
		answered(event == LINEEDIT_LINE && text_is(shell.edit.line, "yes"));
	} else if (event == LINEEDIT_LINE) {
		lineedit_keep(&shell.edit);
		memcpy(shell.line, shell.edit.line, sizeof(shell.line));
		start();
	} else {
		read_line();
	}
}

/* Takes the row with the question off the screen. */
static void wipe_more(void)
{
	static const char wipe[] = "\r\x1b[K";

	vcon_write(shell.console, (const uint8_t *)wipe, sizeof(wipe) - 1);
	shell.column = 0;
}

static void paused_key(const struct termkey_token *key)
{
	bool is_control = key->kind == TERMKEY_CONTROL, is_key = key->kind == TERMKEY_KEY;

	if ((key->kind == TERMKEY_TEXT && key->code == ' ') ||
	    (is_key && key->code == TERMKEY_PAGE_DOWN)) {
		wipe_more();
		go_on(shell.rows);
	} else if ((is_control && (key->code == '\r' || key->code == '\n')) ||
		   (is_key && key->code == TERMKEY_DOWN)) {
		wipe_more();
		go_on(2);
	} else if ((key->kind == TERMKEY_TEXT && (key->code == 'q' || key->code == 'Q')) ||
		   (is_control && key->code == ('C' & 31)) ||
		   (is_key && key->code == TERMKEY_ESCAPE)) {
		wipe_more();
		read_line();
	}
}

static void key(const struct termkey_token *token)
{
	if (shell.state == PAUSED)
		paused_key(token);
	else
		line_event(lineedit_key(&shell.edit, token));
}

static void look_at_size(void)
{
	unsigned int columns, rows;

	vcon_size(shell.console, &columns, &rows);
	if (columns == shell.columns && rows == shell.rows)
		return;
	shell.columns = columns;
	shell.rows = rows < 2 ? 2 : rows;
	lineedit_columns(&shell.edit, columns);
	if (shell.state != PAUSED)
		lineedit_show(&shell.edit);
}

static void serve(void)
{
	struct termkey_token token;
	uint8_t bytes[32];
	size_t count;

	look_at_size();
	while ((count = vcon_take_input(shell.console, bytes, sizeof(bytes))) > 0) {
		const uint8_t *next = bytes;

		while (termkey_next(&shell.keys, &next, &count, &token))
			key(&token);
	}
}

static void poke(void *ctx)
{
	turn_serve(&shell.turn, serve);
}

static void resized(void *ctx, unsigned int columns, unsigned int rows)
{
	poke(ctx);
}

/* --- start --- */

static void to_console(void *ctx, const char *text, size_t bytes)
{
	vcon_write(shell.console, (const uint8_t *)text, bytes);
}

/* Names of commands, and the words that may stand behind one. */
static const char *candidate(void *ctx, const char *line, size_t start, size_t length,
			     unsigned int n)
{
	const struct shell_command *first = NULL;
	unsigned int i;
	size_t end;

	while (line[0] == ' ' && start > 0) {
		line++;
		start--;
	}
	for (end = 0; end < start && line[end] != ' '; end++)
		;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = commands[i]->name;

		if (start > 0 && text_length(name) == end && memcmp(name, line, end) == 0)
			first = commands[i];
		if ((start == 0 || first == &shell_help) && is_there(commands[i]) &&
		    text_length(name) >= length && memcmp(name, line + start, length) == 0 &&
		    n-- == 0)
			return name;
	}
	for (i = 0; first && first->choices && first->choices[i]; i++) {
		const char *word = first->choices[i];

		if (text_length(word) >= length && memcmp(word, line + start, length) == 0 &&
		    n-- == 0)
			return word;
	}
	return NULL;
}

void shell_init(void)
{
	static const struct lineedit_client editor = {.write = to_console, .candidate = candidate};
	static const struct vcon_client client = {.input = poke, .resized = resized};

	termkey_init(&shell.keys);
	lineedit_init(&shell.edit, &editor);
	shell.columns = 80;
	shell.rows = 24;
	shell.console = consoles_add("shell", 's', HISTORY_BYTES, VCON_NO_ALTERNATE, &client);
	shell_say("The shell of Caisson %s: help lists the commands.\n", CAISSON_VERSION);
	read_line();
}
