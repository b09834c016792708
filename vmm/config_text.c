// SPDX-License-Identifier: BSD-2-Clause
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/say.h"

/* What a file cannot have in a value: the end of its line. */
static bool is_writable(const char *value)
{
	if (strpbrk(value, "\r\n") == NULL)
		return true;
	say("a setting of the virtual machine has a line's end in it, and cannot be kept");
	return false;
}

static bool put_text(FILE *to, const char *key, const char *value)
{
	if (value == NULL)
		return true;
	return is_writable(value) && fprintf(to, "%s = %s\n", key, value) >= 0;
}

/* The path from the root on. */
static bool put_path(FILE *to, const char *before, const char *path, const char *after)
{
	char folder[PATH_MAX] = "";

	if (path[0] != '/' && getcwd(folder, sizeof(folder)) == NULL)
		return false;
	return is_writable(folder) && is_writable(path) &&
	       fprintf(to, "%s%s%s%s%s\n", before, folder, folder[0] != '\0' ? "/" : "", path,
		       after) >= 0;
}

static bool put_file(FILE *to, const char *key, const char *path)
{
	char before[32];

	if (path == NULL)
		return true;
	(void)snprintf(before, sizeof(before), "%s = ", key);
	return put_path(to, before, path, "");
}

static bool put_disk(FILE *to, const struct disk_config *disk)
{
	static const char *const after[2][2] = {{",format=raw", ",format=raw,ro"},
						{",format=qcow2", ",format=qcow2,ro"}};

	return put_path(to, "disk = ", disk->path,
			after[disk->format == DISK_QCOW2][disk->read_only]);
}

static bool put_net(FILE *to, const struct net_config *net)
{
	if (net->kind == NET_USER)
		return put_text(to, "net", "user");
	return fprintf(to, "net = tap%s%s\n", net->ifname[0] != '\0' ? ",ifname=" : "",
		       net->ifname) >= 0;
}

static bool put_guestinfo(FILE *to, const struct guestinfo_config *info)
{
	char before[16 + CONFIG_GUESTINFO_KEY_BYTES], after[32] = "";

	(void)snprintf(before, sizeof(before), "guestinfo = %s=", info->key);
	if (info->reads != 0)
		(void)snprintf(after, sizeof(after), ",secret=%" PRIu32, info->reads);
	return put_path(to, before, info->path, after);
}

static bool put_console(FILE *to, const struct vm_config *config)
{
	return config_has_own_console(config) ? put_text(to, "console", config->console)
					      : put_file(to, "console", config->console);
}

static bool put_numbers(FILE *to, const struct vm_config *config)
{
	bool good = fprintf(to, "mem = %" PRIu64 "M\ncpus = %" PRIu32 "\n",
			    config->ram_bytes / MIB(1), config->cpus) >= 0;

	for (uint32_t i = 0; good && i < config->dedicated; i++)
		good = fprintf(to, "%s%" PRIu32 "%s", i == 0 ? "dedicate = " : ",",
			       config->dedicate[i], i + 1 == config->dedicated ? "\n" : "") >= 0;
	if (good && config->vsock_cid != 0)
		good = fprintf(to, "vsock = %" PRIu32 "\n", config->vsock_cid) >= 0;
	return good;
}

static bool put_all(FILE *to, const struct vm_config *config, const char *name)
{
	static const char *const tools[] = {"off", "vmware,ro", "vmware"};
	bool good = put_text(to, "name", name) && put_file(to, "kernel", config->kernel) &&
		    put_file(to, "initrd", config->initrd) &&
		    put_text(to, "append", config->append) &&
		    put_file(to, "firmware", config->firmware) &&
		    put_file(to, "flash-vars", config->flash_vars) && put_numbers(to, config);

	for (uint32_t i = 0; good && i < config->disks; i++)
		good = put_disk(to, &config->disk[i]);
	for (uint32_t i = 0; good && i < config->nets; i++)
		good = put_net(to, &config->net[i]);
	good = good && put_text(to, "rng", config->rng ? "yes" : "no") && put_console(to, config) &&
	       put_text(to, "agent", config->agent ? "yes" : "no") &&
	       put_text(to, "ptp", config->ptp ? "yes" : "no") &&
	       put_text(to, "guest-tools", tools[config->tools]) &&
	       put_file(to, "migratable", config->migratable) &&
	       put_text(to, "time", config->masked_time ? "masked" : "auto");
	for (uint32_t i = 0; good && i < config->guestinfos; i++)
		good = put_guestinfo(to, &config->guestinfo[i]);
	return good;
}

static char *write_text(const struct vm_config *config, const char *name)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	if (to == NULL)
		return NULL;

	bool good = put_all(to, config, name);

	if (fclose(to) == 0 && good)
		return text;
	free(text);
	return NULL;
}

/* A folder with a comma, spaces around a value, a line that is too long. */
static bool is_read_the_same(const char *text)
{
	struct vm_config again;
	char *once_more = NULL;
	bool same = false;

	config_init(&again);
	if (config_parse(&again, "settings", text, strlen(text)) == ERR_OK) {
		once_more = write_text(&again, again.name);
		same = once_more != NULL && strcmp(text, once_more) == 0;
		if (!same)
			say("a setting of the virtual machine would be read as another, and cannot "
			    "be kept");
	}
	free(once_more);
	config_free(&again);
	return same;
}

char *config_text(const struct vm_config *config, const char *name)
{
	char *text = write_text(config, name);

	if (text == NULL || is_read_the_same(text))
		return text;
	free(text);
	return NULL;
}
