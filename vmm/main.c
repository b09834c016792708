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

#include "lib/fmt.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/terminal.h"
#include "vmm/vcpu.h"

/* `caisson run`: one process, one VM. */

#define DEFAULT_MEMORY MIB(256)
#define INPUT_BYTES    256

enum exit_status {
	STATUS_OFF = 0,     /* the VM powered itself off */
	STATUS_FAILED = 1,  /* it could not start or go on */
	STATUS_USAGE = 2,   /* wrong options */
	STATUS_STOPPED = 3, /* ended from outside: Ctrl-G q, a signal */
};

struct options {
	struct load_config load;
	uint64_t ram_bytes;
	bool help;
};

static const char usage[] =
	"usage: caisson run --kernel FILE [options]\n"
	"\n"
	"Starts a virtual machine; its console is standard input and output. On a terminal\n"
	"Ctrl-G q ends it, Ctrl-G Ctrl-G is one Ctrl-G for the machine.\n"
	"\n"
	"  --kernel FILE   an uncompressed arm64 Image\n"
	"  --initrd FILE   its initial RAM disk\n"
	"  --append TEXT   its command line\n"
	"  --mem SIZE      memory, such as 512M or 1G (256M)\n"
	"  --cpus N        virtual CPUs (1)\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0 the machine powered itself off, 1 it could not start or go on,\n"
	"2 wrong options, 3 it was ended from outside.\n";

/* ---- options ----------------------------------------------------------------------------- */

static bool parse_memory(const char *text, struct options *options)
{
	if (!fmt_parse_u64(text, &options->ram_bytes) || options->ram_bytes == 0 ||
	    options->ram_bytes % CAISSON_BLOCK_BYTES != 0 || options->ram_bytes > MACHINE_RAM_MAX) {
		say("--mem %s: not a size of 2M to 63G in whole 2 MiB", text);
		return false;
	}
	return true;
}

static bool parse_cpus(const char *text, struct options *options)
{
	uint64_t cpus;

	if (!fmt_parse_u64(text, &cpus) || cpus == 0 || cpus > CAISSON_MAX_VCPUS) {
		say("--cpus %s: not a number from 1 to %d", text, CAISSON_MAX_VCPUS);
		return false;
	}
	options->load.cpus = cpus;
	return true;
}

static bool parse_option(int letter, struct options *options)
{
	switch (letter) {
	case 'k':
		options->load.kernel = optarg;
		return true;
	case 'i':
		options->load.initrd = optarg;
		return true;
	case 'a':
		options->load.bootargs = optarg;
		return true;
	case 'm':
		return parse_memory(optarg, options);
	case 'c':
		return parse_cpus(optarg, options);
	case 'h':
		options->help = true;
		return true;
	default: /* getopt has told */
		return false;
	}
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{"kernel", required_argument, NULL, 'k'},
		{"initrd", required_argument, NULL, 'i'},
		{"append", required_argument, NULL, 'a'},
		{"mem", required_argument, NULL, 'm'},
		{"cpus", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (!parse_option(letter, options))
			return false;
	}
	if (optind < argc) {
		say("%s: not an option (see caisson run --help)", argv[optind]);
		return false;
	}
	if (options->load.kernel == NULL && !options->help) {
		say("run starts a kernel: add --kernel FILE");
		return false;
	}
	return true;
}

/* ---- the run ----------------------------------------------------------------------------- */

/* What the main thread waits for besides the VM's end. */
struct outside {
	struct terminal terminal;
	int signals; /* a signalfd */
	int event;   /* an eventfd, see struct vm */
	bool input;  /* standard input has not ended */
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
	if (load_guest(&options->load, memory->ram, memory->ram_bytes, &guest) != ERR_OK)
		return ERR_OK;
	err = vm_create(vm, management, memory, options->load.cpus, outside->event);
	if (err != ERR_OK)
		return err == ERR_BUSY ? err : ERR_OK;
	terminal_init(&outside->terminal);
	if (vm_start(vm, &guest) == ERR_OK)
		attend(vm, outside);
	vm_join(vm);
	*end = atomic_load(&vm->end);
	return vm_destroy(vm);
}

static enum vm_end run_until_off(const struct options *options, const struct hyp_token *management,
				 struct memory *memory, struct outside *outside)
{
	static struct vm vm;
	enum vm_end end;
	enum err err;

	for (;;) {
		err = run_once(&vm, options, management, memory, outside, &end);
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

static enum exit_status run(const struct options *options)
{
	static const enum exit_status status[] = {
		[VM_OFF] = STATUS_OFF,
		[VM_STOPPED] = STATUS_STOPPED,
		[VM_FAILED] = STATUS_FAILED,
	};
	struct hyp_token management;
	struct outside outside;
	struct memory memory;
	enum vm_end end = VM_FAILED;

	if (hyp_open(&management) != ERR_OK || load_check(&options->load) != ERR_OK ||
	    init_outside(&outside) != ERR_OK)
		return STATUS_FAILED;
	if (memory_open(&memory, &management, options->ram_bytes) == ERR_OK) {
		end = run_until_off(options, &management, &memory, &outside);
		terminal_restore();
	}
	memory_close(&memory);
	return status[end];
}

static enum exit_status refuse(void)
{
	fputs(usage, stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	struct options options = {.load.cpus = 1, .ram_bytes = DEFAULT_MEMORY};

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		options.help = true;
	else if (argc < 2 || strcmp(argv[1], "run") != 0)
		return refuse();
	else if (!parse_options(argc - 1, argv + 1, &options))
		return STATUS_USAGE;
	if (!options.help)
		return run(&options);
	fputs(usage, stdout);
	return STATUS_OFF;
}
