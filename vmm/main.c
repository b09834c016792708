// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/board.h"
#include "vmm/config.h"
#include "vmm/devices.h"
#include "vmm/say.h"
#include "vmm/terminal.h"
#include "vmm/vcpu.h"

/* `caisson run`: one process, one VM. */

#define INPUT_BYTES 256

enum exit_status {
	STATUS_OFF = 0,     /* the VM powered itself off */
	STATUS_FAILED = 1,  /* it could not start or go on */
	STATUS_USAGE = 2,   /* wrong options */
	STATUS_STOPPED = 3, /* ended from outside: Ctrl-G q, a signal */
};

struct options {
	struct vm_config config;
	struct load_config load;
	bool help;
};

/* ---- options ----------------------------------------------------------------------------- */

#define OPTION_CONFIG  1000
#define OPTION_HELP    1001
#define OPTION_SETTING 0 /* and its index */
#define SETTINGS_MAX   32

static void print_usage(FILE *to)
{
	char option[48];

	fputs("usage: caisson run [--config FILE] [options]\n"
	      "\n"
	      "Starts a virtual machine; its console is standard input and output. On a terminal\n"
	      "Ctrl-G q ends it, Ctrl-G Ctrl-G is one Ctrl-G for the machine.\n"
	      "\n"
	      "  --config FILE         read settings from FILE; options win\n",
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
	options[i++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
	options[i] = (struct option){0};
}

/* The files named first, so that what the command line says holds. */
static bool parse_pass(int argc, char **argv, struct options *options, bool files)
{
	struct option names[SETTINGS_MAX];
	int letter;

	make_options(names);
	optind = 0;
	opterr = files;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == '?')
			return false;
		if (letter == OPTION_HELP)
			options->help = true;
		else if (letter == OPTION_CONFIG && files &&
			 config_read(&options->config, optarg) != ERR_OK)
			return false;
		else if (letter < OPTION_CONFIG && !files &&
			 config_set(&options->config, "--", names[letter].name, optarg) != ERR_OK)
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
	if (!parse_pass(argc, argv, options, true) || !parse_pass(argc, argv, options, false))
		return false;
	if (options->help)
		return true;
	if (config_check(&options->config) != ERR_OK)
		return false;
	options->load = (struct load_config){.kernel = options->config.kernel,
					     .initrd = options->config.initrd,
					     .bootargs = options->config.append,
					     .cpus = options->config.cpus};
	return true;
}

/* ---- the run ----------------------------------------------------------------------------- */

/* What the main thread waits for besides the VM's end. */
struct outside {
	struct terminal terminal;
	int signals; /* a signalfd */
	int event;   /* an eventfd, see struct vm */
	bool input;  /* standard input has not ended */
	struct board board;
	struct devices devices;
};

static enum err init_outside(struct outside *outside)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	vcpu_init_process();
	outside->input = true;
	outside->signals = signalfd(-1, &set, SFD_CLOEXEC);
	outside->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (outside->signals < 0 || outside->event < 0) {
		say("cannot wait for events: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static void pass_input(struct vm *vm, struct outside *outside, size_t room)
{
	uint8_t bytes[INPUT_BYTES];
	bool quit = false;
	ssize_t got = read(STDIN_FILENO, bytes, room < sizeof(bytes) ? room : sizeof(bytes));

	if (got <= 0) {
		outside->input = got < 0 && (errno == EINTR || errno == EAGAIN);
		return;
	}

	size_t count = terminal_filter(&outside->terminal, bytes, (size_t)got, &quit);

	console_input(&vm->console, bytes, count);
	if (quit)
		vm_end(vm, VM_STOPPED);
}

/* Until the VM has ended. */
static void attend(struct vm *vm, struct outside *outside)
{
	uint64_t count;

	while (!vm_has_ended(vm)) {
		size_t room = console_room(&vm->console);
		struct pollfd wait[] = {
			{.fd = outside->signals, .events = POLLIN},
			{.fd = outside->event, .events = POLLIN},
			{.fd = outside->input && room != 0 ? STDIN_FILENO : -1, .events = POLLIN},
		};

		if (poll(wait, ARRAY_SIZE(wait), -1) < 0)
			continue;
		if (wait[0].revents != 0)
			vm_end(vm, VM_STOPPED);
		if (wait[1].revents != 0 && read(outside->event, &count, sizeof(count)) < 0)
			continue;
		if (wait[2].revents != 0)
			pass_input(vm, outside, room);
	}
}

/*
 * From nothing to the VM's end. memory->ram is zeros. An error: EL2 still has the memory.
 */
static enum err run_once(struct vm *vm, const struct options *options,
			 const struct hyp_token *management, struct memory *memory,
			 struct outside *outside, enum vm_end *end)
{
	struct load_result guest;
	enum err err;

	*end = VM_FAILED;
	if (load_guest(&options->load, memory->ram, memory->ram_bytes, &guest) != ERR_OK ||
	    board_load(&outside->board, memory->flash) != ERR_OK)
		return ERR_OK;
	err = vm_create(vm, management, memory, &outside->board, options->config.cpus,
			outside->event);
	if (err != ERR_OK)
		return err == ERR_BUSY ? err : ERR_OK;
	terminal_init(&outside->terminal);
	if (board_attach(&outside->board) != ERR_OK || devices_attach(&outside->devices) != ERR_OK)
		vm_end(vm, VM_FAILED);
	else if (vm_start(vm, &guest) == ERR_OK)
		attend(vm, outside);
	vm_join(vm);
	board_detach(&outside->board);
	devices_detach(&outside->devices);
	*end = atomic_load(&vm->end);
	return vm_destroy(vm);
}

static enum vm_end run_until_off(struct vm *vm, const struct options *options,
				 const struct hyp_token *management, struct memory *memory,
				 struct outside *outside)
{
	enum vm_end end;
	enum err err;

	for (;;) {
		err = run_once(vm, options, management, memory, outside, &end);
		if (err != ERR_OK) {
			memory_abandon(memory);
			return VM_FAILED;
		}
		if (end != VM_RESET)
			return end;
		memset(memory->run_pages, 0, CAISSON_BLOCK_BYTES);
		memset(memory->ram, 0, memory->ram_bytes);
	}
}

static enum exit_status run(struct options *options)
{
	static const enum exit_status status[] = {
		[VM_OFF] = STATUS_OFF,
		[VM_STOPPED] = STATUS_STOPPED,
		[VM_FAILED] = STATUS_FAILED,
	};
	struct hyp_token management;
	static struct outside outside;
	static struct vm vm;
	struct board_part part[BOARD_FLASH_PARTS_MAX];
	struct memory memory;
	enum vm_end end = VM_FAILED;

	if (hyp_open(&management) != ERR_OK || load_check(&options->load) != ERR_OK ||
	    init_outside(&outside) != ERR_OK)
		return STATUS_FAILED;
	if (devices_open(&outside.devices, &vm, &options->config) != ERR_OK ||
	    board_open(&outside.board, &vm, &options->config) != ERR_OK) {
		devices_close(&outside.devices);
		board_close(&outside.board);
		return STATUS_FAILED;
	}
	options->load.virtio_slots = outside.devices.slots;
	if (memory_open(&memory, &management, options->config.ram_bytes,
			board_flash_bytes(&outside.board, part)) == ERR_OK) {
		end = run_until_off(&vm, options, &management, &memory, &outside);
		terminal_restore();
	}
	devices_close(&outside.devices);
	board_close(&outside.board);
	memory_close(&memory);
	return status[end];
}

static enum exit_status refuse(void)
{
	print_usage(stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	static struct options options;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		options.help = true;
	else if (argc < 2 || strcmp(argv[1], "run") != 0)
		return refuse();
	else if (!parse_options(argc - 1, argv + 1, &options))
		return STATUS_USAGE;
	if (!options.help)
		return run(&options);
	print_usage(stdout);
	return STATUS_OFF;
}
