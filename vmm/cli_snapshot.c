// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/cli.h"
#include "vmm/say.h"
#include "vmm/vmm.h"

/* `caisson snapshot`, `caisson restore`. */

#define ERROR_BYTES 512
#define WRITE_MS    86400000 /* the VM's process says when it cannot go on */
#define PERCENT     100

/* ---- what is in a file --------------------------------------------------------------------- */

struct contents {
	struct snapshot_header header;
	struct snapshot_vm vm;
	struct vm_config config;
	uint64_t data_pages;
	uint64_t bytes;
};

static enum err look_at(struct restore *r, struct contents *c)
{
	struct stream *s = &r->stream;
	struct statemem_block block;
	enum err err = ERR_OK;

	while (err == ERR_OK && r->next.id != SNAPSHOT_END) {
		err = stream_read(s, &r->next);
		if (err == ERR_OK && r->next.id == SNAPSHOT_VM)
			err = stream_take(s, &r->next, 1, &c->vm, sizeof(c->vm), false);
		else if (err == ERR_OK && r->next.id == SNAPSHOT_MEMORY)
			err = statemem_read(&r->memory, s, &r->next, &block);
	}
	c->data_pages = r->memory.data_pages;
	c->bytes = atomic_load(&s->bytes);
	c->header = r->header;
	if (err != ERR_OK)
		say("%s: %s", r->path, stream_error(s));
	return err;
}

static json_t *disk_list(const struct vm_config *config)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->disks; i++)
		(void)json_array_append_new(list, json_string(config->disk[i].path));
	return list;
}

static int print_contents(struct contents *c, bool json)
{
	time_t seconds = (time_t)c->header.seconds;
	char when[32] = "";
	struct tm local;

	if (localtime_r(&seconds, &local) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
	if (json)
		return cli_print_json(
			json_pack("{s:s,s:I,s:i,s:i,s:I,s:I,s:I,s:i,s:o}", "name", c->config.name,
				  "time", (json_int_t)seconds, "machine", (int)c->header.machine,
				  "cpus", (int)c->vm.cpus, "memory", (json_int_t)c->vm.ram_bytes,
				  "used", (json_int_t)c->data_pages * SNAPSHOT_PAGE_BYTES, "bytes",
				  (json_int_t)c->bytes, "gic", (int)c->vm.gic_version, "disks",
				  disk_list(&c->config)));
	(void)printf("name     %s\ntime     %s\nmachine  %u\ncpus     %u, GICv%u\n"
		     "memory   %llu MiB, %llu MiB of it in use\nfile     %llu MiB\n",
		     c->config.name, when, c->header.machine, c->vm.cpus, c->vm.gic_version,
		     (unsigned long long)c->vm.ram_bytes >> 20,
		     (unsigned long long)c->data_pages * SNAPSHOT_PAGE_BYTES >> 20,
		     (unsigned long long)c->bytes >> 20);
	for (uint32_t i = 0; i < c->config.disks; i++)
		(void)printf("disk     %s\n", c->config.disk[i].path);
	return CLI_OK;
}

static int show_file(const char *path, bool json)
{
	static struct contents contents;
	static struct restore restore;
	int status = CLI_FAILED;

	config_init(&contents.config);
	if (restore_open(&restore, path, &contents.config) == ERR_OK &&
	    look_at(&restore, &contents) == ERR_OK)
		status = print_contents(&contents, json);
	restore_close(&restore);
	config_free(&contents.config);
	return status;
}

/* ---- snapshot ------------------------------------------------------------------------------ */

static const char snapshot_usage[] =
	"usage: caisson snapshot NAME FILE [--stop | --keep-running]\n"
	"       caisson snapshot --info FILE [--json]\n"
	"\n"
	"Writes the state of a virtual machine to FILE: memory, CPUs, devices, but not what is\n"
	"on its disks. Then the machine ends, and caisson restore lets it go on.\n"
	"\n"
	"  --stop          that is so if nothing else is said\n"
	"  --keep-running  it runs on; the file fits the disks as they were at that moment, of\n"
	"                  which you need a copy (pause the machine before, and copy them)\n"
	"  --info          what is in FILE; all of it is checked\n"
	"  --json          as JSON\n"
	"  --help          this text\n"
	"\n"
	"The machine is paused while it is written. When that fails, or is broken off (Ctrl-C),\n"
	"it runs on and there is no file.\n";

struct options {
	const char *argument[2];
	int arguments;
	bool keep_running;
	bool info;
	bool json;
	bool force;
	bool detach;
	const char *name;
};

/* False: *status is what to end with. */
static bool parse(int argc, char **argv, const struct option *names, const char *usage,
		  struct options *options, int *status)
{
	int letter;

	*options = (struct options){0};
	*status = CLI_USAGE;
	optind = 0;
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (letter) {
		case 'h':
			fputs(usage, stdout);
			*status = CLI_OK;
			return false;
		case 'k':
			options->keep_running = true;
			break;
		case 's':
			options->keep_running = false;
			break;
		case 'i':
			options->info = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'f':
			options->force = true;
			break;
		case 'd':
			options->detach = true;
			break;
		case 'n':
			options->name = optarg;
			break;
		default:
			return false;
		}
	}
	while (optind < argc && options->arguments < (int)ARRAY_SIZE(options->argument))
		options->argument[options->arguments++] = argv[optind++];
	if (optind < argc) {
		say("%s: one argument too many (see caisson %s --help)", argv[optind], argv[0]);
		return false;
	}
	return true;
}

/* Where the file is made; it gets its name when it is whole. */
static char unfinished[PATH_MAX];

static void on_signal(int number)
{
	(void)unlink(unfinished);
	_exit(128 + number);
}

static void heed_signals(void (*how)(int number))
{
	static const int number[] = {SIGINT, SIGTERM, SIGHUP};

	for (uint32_t i = 0; i < ARRAY_SIZE(number); i++)
		(void)signal(number[i], how);
}

static int make_file(const char *path)
{
	int file;

	if (snprintf(unfinished, sizeof(unfinished), "%s.XXXXXX", path) >=
	    (int)sizeof(unfinished)) {
		say("%s: the name is too long", path);
		return -1;
	}
	file = mkostemp(unfinished, O_CLOEXEC);
	if (file < 0) {
		say("cannot write %s: %s", path, strerror(errno));
		return -1;
	}
	heed_signals(on_signal);
	return file;
}

/*
 * Its name is on the disk, too. From here on nobody breaks it off: the VM would run on, and there
 * would be a file that does not fit its disks any more.
 */
static bool name_file(const char *path)
{
	char copy[PATH_MAX];
	int folder;

	heed_signals(SIG_IGN);
	if (rename(unfinished, path) != 0) {
		say("cannot write %s: %s", path, strerror(errno));
		(void)unlink(unfinished);
		return false;
	}
	(void)snprintf(copy, sizeof(copy), "%s", path);
	folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		(void)fsync(folder);
		(void)close(folder);
	}
	return true;
}

static bool shows_progress;

static void on_event(void *arg, json_t *message)
{
	const json_t *data = json_object_get(message, "data");
	const char *event = json_string_value(json_object_get(message, "event"));
	json_int_t done = json_integer_value(json_object_get(data, "done"));
	json_int_t pages = json_integer_value(json_object_get(data, "pages"));
	json_int_t bytes = json_integer_value(json_object_get(data, "bytes"));

	if (event == NULL || strcmp(event, "SNAPSHOT") != 0 || !isatty(STDERR_FILENO))
		return;
	shows_progress = true;
	(void)fprintf(stderr, "\r%3d %%, %d MiB ", (int)(pages != 0 ? done * PERCENT / pages : 0),
		      (int)(bytes >> 20));
}

/* One question of several; false: told. */
static bool ask(struct wire *wire, int fd, const char *name, const char *question,
		json_t *arguments)
{
	char error[ERROR_BYTES];
	json_t *answer;
	enum err err = rpc_ask_with(wire, fd, question, arguments, WRITE_MS, on_event, NULL,
				    &answer, error, sizeof(error));

	if (shows_progress)
		(void)fprintf(stderr, "\r%20s\r", "");
	shows_progress = false;
	if (err != ERR_OK)
		say("%s: %s", name, error);
	json_decref(answer);
	return err == ERR_OK;
}

static int make_snapshot(const char *name, const char *path, bool stop)
{
	struct wire wire;
	int status = CLI_FAILED;
	int file;

	if (cli_open_control(name, false, &wire) != ERR_OK)
		return CLI_FAILED;
	file = make_file(path);
	if (file >= 0 && !ask(&wire, file, name, "snapshot", NULL))
		(void)unlink(unfinished);
	else if (file >= 0 && name_file(path) &&
		 ask(&wire, -1, name, "snapshot-end", json_pack("{s:b}", "stop", stop)))
		status = CLI_OK;
	heed_signals(SIG_DFL);
	if (file >= 0)
		(void)close(file);
	wire_close(&wire);
	return status;
}

int cli_snapshot(int argc, char **argv)
{
	static const struct option names[] = {
		{"stop", no_argument, NULL, 's'}, {"keep-running", no_argument, NULL, 'k'},
		{"info", no_argument, NULL, 'i'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	struct options options;
	const char *name;
	int status;

	if (!parse(argc, argv, names, snapshot_usage, &options, &status))
		return status;
	name = options.argument[0];
	if (options.arguments != (options.info ? 1 : 2)) {
		say("usage: caisson snapshot NAME FILE, or --info FILE (see --help)");
		return CLI_USAGE;
	}
	if (options.info)
		return show_file(name, options.json);
	if (!cli_take_name(name))
		return CLI_USAGE;
	status = make_snapshot(name, options.argument[1], !options.keep_running);
	if (status != CLI_OK || options.keep_running)
		return status;
	return cli_await_end(name, 60, "was written, but has not ended yet");
}

/* ---- restore ------------------------------------------------------------------------------- */

static const char restore_usage[] =
	"usage: caisson restore FILE [--name NAME] [--detach] [--force]\n"
	"\n"
	"Lets a virtual machine go on from what caisson snapshot wrote. Its disks and other files\n"
	"are where they were; a disk that was written since is refused. Its console is standard\n"
	"input and output, as with caisson run.\n"
	"\n"
	"  --name NAME   under this name\n"
	"  --detach      return when it runs; its name is printed\n"
	"  --force       a disk may have been written since: it is the copy that fits\n"
	"  --help        this text\n"
	"\n"
	"Exit status: as caisson run.\n";

int cli_restore(int argc, char **argv)
{
	static const struct option names[] = {
		{"name", required_argument, NULL, 'n'},
		{"detach", no_argument, NULL, 'd'},
		{"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static struct restore restore;
	static struct vmm vmm;
	struct options options;
	int status;

	if (!parse(argc, argv, names, restore_usage, &options, &status))
		return status;
	if (options.arguments != 1) {
		say("usage: caisson restore FILE [--name NAME] [--detach] [--force]");
		return CLI_USAGE;
	}
	config_init(&vmm.config);
	status = CLI_FAILED;
	if (restore_open(&restore, options.argument[0], &vmm.config) == ERR_OK &&
	    (options.name == NULL ||
	     config_set(&vmm.config, "--", "name", options.name) == ERR_OK)) {
		restore.load.force = options.force;
		vmm.restore = &restore;
		status = cli_run_vm(&vmm, options.detach);
	}
	restore_close(&restore);
	return status;
}
