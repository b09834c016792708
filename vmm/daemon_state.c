// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/paths.h"
#include "vmm/say.h"

#define PATH_BYTES 160

/* ---- the state of a VM ------------------------------------------------------------------- */

static void set_path(char *path, const char *name, const char *suffix)
{
	(void)snprintf(path, PATH_BYTES, PATHS_STATE "/%s.json%s", name, suffix);
}

/* 64 bits do not fit into jansson's integers. */
static json_t *hex(uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, value);
	return json_string(text);
}

static uint64_t unhex(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? strtoull(text, NULL, 16) : 0;
}

static json_t *list_cpus(const struct daemon_vm *vm)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < vm->dedicated; i++)
		(void)json_array_append_new(list, json_integer(vm->dedicate[i]));
	return list;
}

static void load_cpus(struct daemon_vm *vm, const json_t *list)
{
	const json_t *cpu;
	size_t index;

	json_array_foreach(list, index, cpu)
	{
		if (index < ARRAY_SIZE(vm->dedicate))
			vm->dedicate[vm->dedicated++] = (uint32_t)json_integer_value(cpu);
	}
}

enum err daemon_save(const struct daemon_vm *vm)
{
	json_t *state =
		json_pack("{s:s,s:o,s:i,s:I,s:i,s:o,s:i}", "name", vm->name, "tag", hex(vm->tag),
			  "cpus", (int)vm->cpus, "ram", (json_int_t)vm->ram_bytes, "pid",
			  (int)vm->pid, "pid-start", hex(vm->pid_start), "uid", (int)vm->uid);
	char path[PATH_BYTES], new[PATH_BYTES];
	bool saved;

	(void)json_object_set_new(state, "dedicate", list_cpus(vm));
	(void)json_object_set_new(state, "note", json_string(vm->note));
	set_path(path, vm->name, "");
	set_path(new, vm->name, ".new");
	saved = state != NULL && json_dump_file(state, new, JSON_INDENT(1)) == 0 &&
		rename(new, path) == 0;
	json_decref(state);
	if (saved)
		return ERR_OK;
	say("cannot write %s: %s", path, strerror(errno));
	return ERR_DENIED;
}

void daemon_forget(const struct daemon_vm *vm)
{
	char path[PATH_BYTES];

	set_path(path, vm->name, "");
	(void)unlink(path);
}

enum err daemon_load(struct daemon_vm *vm, const char *name)
{
	char path[PATH_BYTES];
	const char *note = "";
	json_t *state;
	json_int_t ram;
	int cpus, pid, uid;

	set_path(path, name, "");
	state = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (json_unpack(state, "{s:i,s:I,s:i,s:i,s?s}", "cpus", &cpus, "ram", &ram, "pid", &pid,
			"uid", &uid, "note", &note) != 0) {
		json_decref(state);
		return ERR_NOT_FOUND;
	}
	(void)snprintf(vm->name, sizeof(vm->name), "%s", name);
	(void)snprintf(vm->note, sizeof(vm->note), "%s", note);
	vm->cpus = (uint32_t)cpus;
	vm->ram_bytes = (uint64_t)ram;
	vm->pid = pid;
	vm->uid = (uid_t)uid;
	vm->tag = unhex(state, "tag");
	vm->pid_start = unhex(state, "pid-start");
	load_cpus(vm, json_object_get(state, "dedicate"));
	json_decref(state);
	return ERR_OK;
}

/* ---- folders and files ------------------------------------------------------------------- */

enum err daemon_make_folder(const struct daemon_vm *vm)
{
	char path[PATH_BYTES];

	daemon_remove_folder(vm);
	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s", vm->name);
	/* Set-group-ID: what the VMM makes in it is the group's, too. */
	if (mkdir(path, 0700) == 0 && chown(path, vm->uid, vm->daemon->group) == 0 &&
	    chmod(path, 02750) == 0)
		return ERR_OK;
	say("cannot make %s: %s", path, strerror(errno));
	return ERR_DENIED;
}

void daemon_remove_folder(const struct daemon_vm *vm)
{
	char path[PATH_BYTES];
	int run = open(PATHS_RUN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int folder =
		run < 0 ? -1
			: openat(run, vm->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (folder >= 0) {
		(void)unlinkat(folder, PATHS_CONTROL, 0);
		(void)unlinkat(folder, PATHS_CONSOLE, 0);
		(void)close(folder);
	}
	if (run >= 0) {
		(void)unlinkat(run, vm->name, AT_REMOVEDIR);
		(void)close(run);
	}
	/* A VMM's user may have put files of its own there: they are in nobody's way elsewhere. */
	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s", vm->name);
	if (folder >= 0 && access(path, F_OK) == 0) {
		char aside[PATH_BYTES];

		(void)snprintf(aside, sizeof(aside), PATHS_STATE "/left-%016" PRIx64, vm->tag);
		(void)rename(path, aside);
	}
}

int daemon_open_log(const struct daemon_vm *vm)
{
	char path[PATH_BYTES];
	int file;

	(void)mkdir("/var/log", 0755);
	(void)mkdir(PATHS_LOG, 0750);
	(void)snprintf(path, sizeof(path), PATHS_LOG "/%s.log", vm->name);
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (file >= 0 && fchown(file, 0, vm->daemon->group) != 0)
		say("cannot give %s to a group: %s", path, strerror(errno));
	return file;
}

/* ---- the system -------------------------------------------------------------------------- */

uint64_t daemon_start_time(pid_t pid)
{
	unsigned long long start = 0;
	char path[32], line[512];
	const char *after;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	/* The second field, in parentheses, may hold anything; the 22nd is what is looked for. */
	if (fgets(line, sizeof(line), file) != NULL && (after = strrchr(line, ')')) != NULL &&
	    sscanf(after + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &start) != 1)
		start = 0;
	(void)fclose(file);
	return start;
}

bool daemon_is_user_of(pid_t pid, uid_t uid)
{
	char path[32], line[128];
	unsigned int user;
	bool found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "Uid: %u", &user) == 1;
	if (file != NULL)
		(void)fclose(file);
	return found && user == uid;
}

gid_t daemon_find_group(const char *name)
{
	FILE *file = fopen("/etc/group", "re");
	size_t length = strlen(name);
	unsigned int group = 0;
	char line[1024];

	/* The C library's way would load its name services, which a static program cannot. */
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		/* NAME:PASSWORD:NUMBER:MEMBERS; mostly there is no password, or an x. */
		const char *number = strncmp(line, name, length) == 0 && line[length] == ':'
					     ? strchr(line + length + 1, ':')
					     : NULL;

		if (number != NULL && sscanf(number, ":%u", &group) == 1)
			break;
		group = 0;
	}
	if (file != NULL)
		(void)fclose(file);
	return (gid_t)group;
}
