// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fmt.h"
#include "vmm/machine.h"
#include "vmm/say.h"

/*
 * One table has a row for each setting: its name, its help, and the function that reads its
 * value. Files and the command line both come through it.
 */

#define FILE_BYTES_MAX    KIB(64)
#define VALUE_BYTES_MAX   4096
#define DEFAULT_RAM_BYTES MIB(256)

#define CPU_MAX 4095

/* The CIDs below are VMADDR_CID_HYPERVISOR, _LOCAL and _HOST; the last one is _ANY. */
#define VSOCK_CID_MIN 3
#define VSOCK_CID_MAX 0xfffffffe

/* What is wrong with a value, in words that go on from "mem = x: "; NULL: nothing. */
typedef const char *set_fn(struct vm_config *config, const char *value);

static const char *const no_memory = "no memory for it";

/* ---- values ------------------------------------------------------------------------------ */

static const char *set_text(char **to, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return no_memory;
	free(*to);
	*to = copy;
	return NULL;
}

static const char *set_path(char **to, const char *value)
{
	return value[0] != '\0' ? set_text(to, value) : "the name of a file is missing";
}

static const char *set_name(struct vm_config *config, const char *value)
{
	if (!config_is_name(value))
		return "not a name of 1 to 31 letters, digits, '.', '_', '-'";
	(void)snprintf(config->name, sizeof(config->name), "%s", value);
	return NULL;
}

static const char *set_kernel(struct vm_config *config, const char *value)
{
	return set_path(&config->kernel, value);
}

static const char *set_initrd(struct vm_config *config, const char *value)
{
	return set_path(&config->initrd, value);
}

static const char *set_append(struct vm_config *config, const char *value)
{
	return set_text(&config->append, value);
}

static const char *set_firmware(struct vm_config *config, const char *value)
{
	return set_path(&config->firmware, value);
}

static const char *set_flash_vars(struct vm_config *config, const char *value)
{
	return set_path(&config->flash_vars, value);
}

static const char *set_mem(struct vm_config *config, const char *value)
{
	uint64_t bytes;

	if (!fmt_parse_u64(value, &bytes) || bytes == 0 || bytes % CAISSON_BLOCK_BYTES != 0 ||
	    bytes > MACHINE_RAM_MAX)
		return "not a size of 2M to 63G in whole 2 MiB";
	config->ram_bytes = bytes;
	return NULL;
}

static const char *set_cpus(struct vm_config *config, const char *value)
{
	uint64_t cpus;

	if (!fmt_parse_u64(value, &cpus) || cpus == 0 || cpus > CAISSON_MAX_VCPUS)
		return "not a number from 1 to 32";
	config->cpus = (uint32_t)cpus;
	return NULL;
}

static bool is_listed(const struct vm_config *config, uint64_t cpu)
{
	for (uint32_t i = 0; i < config->dedicated; i++) {
		if (config->dedicate[i] == cpu)
			return true;
	}
	return false;
}

static const char *set_dedicate(struct vm_config *config, const char *value)
{
	char text[VALUE_BYTES_MAX];
	char *rest = text;
	const char *part;
	uint64_t cpu;

	if (snprintf(text, sizeof(text), "%s", value) >= (int)sizeof(text))
		return "too long";
	config->dedicated = 0;
	while ((part = strsep(&rest, ",")) != NULL) {
		if (!fmt_parse_u64(part, &cpu) || cpu > CPU_MAX)
			return "not a list of CPUs such as 2,3";
		if (cpu == 0)
			return "CPU 0 stays with the service VM";
		if (is_listed(config, cpu))
			return "a CPU is there twice";
		if (config->dedicated == CAISSON_MAX_VCPUS)
			return "more than 32 CPUs";
		config->dedicate[config->dedicated++] = (uint32_t)cpu;
	}
	return NULL;
}

static const char *set_yes_no(bool *to, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return "not yes or no";
	*to = strcmp(value, "yes") == 0;
	return NULL;
}

static const char *set_rng(struct vm_config *config, const char *value)
{
	return set_yes_no(&config->rng, value);
}

static const char *set_agent(struct vm_config *config, const char *value)
{
	return set_yes_no(&config->agent, value);
}

static const char *set_ptp(struct vm_config *config, const char *value)
{
	return set_yes_no(&config->ptp, value);
}

static const char *set_vsock(struct vm_config *config, const char *value)
{
	uint64_t cid;

	if (!fmt_parse_u64(value, &cid) || cid < VSOCK_CID_MIN || cid > VSOCK_CID_MAX)
		return "not a context identifier from 3 to 4294967294";
	config->vsock_cid = (uint32_t)cid;
	return NULL;
}

static const char *set_console(struct vm_config *config, const char *value)
{
	return set_path(&config->console, value);
}

bool config_has_own_console(const struct vm_config *config)
{
	return config->console != NULL && strcmp(config->console, "virtio") == 0;
}

/* The next part of a list with commas, cut off in place; NULL at the end. */
static char *next_part(char **rest)
{
	return strsep(rest, ",");
}

/* "format=raw" and the like: the text behind `key` and '='; NULL: it is another. */
static const char *part_value(const char *part, const char *key)
{
	size_t length = strlen(key);

	return strncmp(part, key, length) == 0 && part[length] == '=' ? part + length + 1 : NULL;
}

static bool set_disk_part(struct disk_config *disk, const char *part)
{
	const char *format = part_value(part, "format");

	if (strcmp(part, "ro") == 0)
		disk->read_only = true;
	else if (format != NULL && strcmp(format, "raw") == 0)
		disk->format = DISK_RAW;
	else if (format != NULL && strcmp(format, "qcow2") == 0)
		disk->format = DISK_QCOW2;
	else
		return false;
	return true;
}

static const char *set_disk(struct vm_config *config, const char *value)
{
	struct disk_config disk = {.format = DISK_RAW};
	char text[VALUE_BYTES_MAX];
	char *rest = text;
	const char *path, *part;

	if (config->disks == CONFIG_DISKS_MAX)
		return "a virtual machine has 8 disks at most";
	if (snprintf(text, sizeof(text), "%s", value) >= (int)sizeof(text))
		return "too long";
	path = next_part(&rest);
	if (path[0] == '\0')
		return "the name of a file is missing";
	while ((part = next_part(&rest)) != NULL) {
		if (!set_disk_part(&disk, part))
			return "after the file only format=raw, format=qcow2, ro";
	}
	disk.path = strdup(path);
	if (disk.path == NULL)
		return no_memory;
	config->disk[config->disks++] = disk;
	return NULL;
}

static const char *set_net(struct vm_config *config, const char *value)
{
	static const char what[] = "not user, tap or tap,ifname=NAME";
	const char *ifname = strchr(value, ',');
	struct net_config net = {.kind = NET_TAP};

	if (config->nets == CONFIG_NETS_MAX)
		return "a virtual machine has 8 network cards at most";
	if (strcmp(value, "user") == 0) {
		net.kind = NET_USER;
	} else if (strncmp(value, "tap", 3) != 0 || (value[3] != '\0' && value[3] != ',')) {
		return what;
	} else if (ifname != NULL) {
		ifname = part_value(ifname + 1, "ifname");
		if (ifname == NULL)
			return what;
		if (ifname[0] == '\0' || strlen(ifname) >= sizeof(net.ifname) ||
		    strpbrk(ifname, ",/ ") != NULL)
			return "not the name of a network interface";
		(void)snprintf(net.ifname, sizeof(net.ifname), "%s", ifname);
	}
	config->net[config->nets++] = net;
	return NULL;
}

static const char *set_guest_tools(struct vm_config *config, const char *value)
{
	if (strcmp(value, "off") == 0)
		config->tools = TOOLS_OFF;
	else if (strcmp(value, "vmware") == 0)
		config->tools = TOOLS_FULL;
	else if (strcmp(value, "vmware,ro") == 0)
		config->tools = TOOLS_READ_ONLY;
	else
		return "not vmware, vmware,ro or off";
	return NULL;
}

/* The setting for this key: the one that is there, or a new one; NULL: there are too many. */
static struct guestinfo_config *find_guestinfo(struct vm_config *config, const char *key)
{
	struct guestinfo_config *info = config->guestinfo;

	for (uint32_t i = 0; i < config->guestinfos; i++, info++) {
		if (strcmp(info->key, key) == 0)
			return info;
	}
	if (config->guestinfos == CONFIG_GUESTINFO_MAX)
		return NULL;
	config->guestinfos++;
	*info = (struct guestinfo_config){0};
	memcpy(info->key, key, strlen(key) + 1); /* config_is_guestinfo_key(): it fits */
	return info;
}

/* Cuts ",secret" or ",secret=READS" off; false: the number is none. */
static bool take_secret(char *path, uint32_t *reads)
{
	char *last = strrchr(path, ',');
	const char *number = last != NULL ? part_value(last + 1, "secret") : NULL;
	uint64_t value = 1;

	*reads = 0;
	if (last == NULL || (number == NULL && strcmp(last + 1, "secret") != 0))
		return true;
	if (number != NULL && (!fmt_parse_u64(number, &value) || value == 0 || value > UINT32_MAX))
		return false;
	*last = '\0';
	*reads = (uint32_t)value;
	return true;
}

/* KEY=FILE[,secret[=READS]]; the tools' own "guestinfo." before the key says nothing more. */
static const char *set_guestinfo(struct vm_config *config, const char *value)
{
	static const char prefix[] = "guestinfo.";
	struct guestinfo_config *info;
	char text[VALUE_BYTES_MAX];
	char *key = text, *path;
	uint32_t reads;

	if (snprintf(text, sizeof(text), "%s", value) >= (int)sizeof(text))
		return "too long";
	if (strncmp(key, prefix, strlen(prefix)) == 0)
		key += strlen(prefix);
	path = strchr(key, '=');
	if (path == NULL)
		return "not of the form KEY=FILE";
	*path++ = '\0';
	if (!config_is_guestinfo_key(key))
		return "the key is not of 1 to 63 letters, digits, '.', '_', '-'";
	if (!take_secret(path, &reads))
		return "not a number of reads after which it is gone";
	if (path[0] == '\0')
		return "the name of a file is missing";
	info = find_guestinfo(config, key);
	if (info == NULL)
		return "a virtual machine has 16 of these at most";
	info->reads = reads;
	return set_text(&info->path, path);
}

static const char *set_migratable(struct vm_config *config, const char *value)
{
	return set_path(&config->migratable, value);
}

static const char *set_time(struct vm_config *config, const char *value)
{
	config->masked_time = strcmp(value, "masked") == 0;
	return config->masked_time || strcmp(value, "auto") == 0 ? NULL : "not auto or masked";
}

/* ---- the table --------------------------------------------------------------------------- */

static const struct config_setting settings[] = {
	{"name", "NAME", "its name, for the other commands (vm1, vm2 and so on)"},
	{"kernel", "FILE", "an uncompressed arm64 Image"},
	{"initrd", "FILE", "its initial RAM disk"},
	{"append", "TEXT", "its command line"},
	{"firmware", "FILE", "a firmware image for QEMU's board virt, instead of a kernel"},
	{"flash-vars", "FILE", "where the firmware keeps its variables"},
	{"mem", "SIZE", "memory, such as 512M or 1G (256M)"},
	{"cpus", "N", "virtual CPUs (1)"},
	{"dedicate", "CPU[,CPU]...",
	 "host CPUs, each for one virtual CPU alone, from the first on"},
	{"disk", "FILE[,format=raw|qcow2][,ro]", "a disk; repeatable"},
	{"net", "user|tap[,ifname=NAME]", "a network card; repeatable"},
	{"rng", NULL, "a source of random numbers"},
	{"vsock", "CID", "sockets between host and machine, which has this context identifier"},
	{"console", "virtio|SOCKET",
	 "hvc0: the machine's console, too, or a second one at this UNIX socket"},
	{"agent", NULL, "a port for qemu-guest-agent (see caisson agent)"},
	{"ptp", NULL, "the host's clock for the machine, by Linux's ptp_kvm"},
	{"guest-tools", "vmware[,ro]|off",
	 "speaks with VMware's tools in the machine; ro: they cannot set anything (off)"},
	{"guestinfo", "KEY=FILE[,secret[=READS]]",
	 "what they find under guestinfo.KEY; secret: READS times (1); repeatable"},
	{"migratable", "FILE",
	 "it may move to each of the hosts described there (see caisson host-info)"},
	{"time", "auto|masked",
	 "masked: its kernel uses the physical counter and timer alone (auto)"},
	{NULL, NULL, NULL},
};

static set_fn *const set[] = {
	set_name,       set_kernel,      set_initrd,    set_append,     set_firmware,
	set_flash_vars, set_mem,         set_cpus,      set_dedicate,   set_disk,
	set_net,        set_rng,         set_vsock,     set_console,    set_agent,
	set_ptp,        set_guest_tools, set_guestinfo, set_migratable, set_time,
};
_Static_assert(ARRAY_SIZE(settings) == ARRAY_SIZE(set) + 1, "a function for each setting");

const struct config_setting *config_settings(void)
{
	return settings;
}

void config_init(struct vm_config *config)
{
	*config = (struct vm_config){.ram_bytes = DEFAULT_RAM_BYTES, .cpus = 1};
}

void config_free(struct vm_config *config)
{
	free(config->kernel);
	free(config->initrd);
	free(config->append);
	free(config->firmware);
	free(config->flash_vars);
	free(config->console);
	free(config->migratable);
	for (uint32_t i = 0; i < config->disks; i++)
		free(config->disk[i].path);
	for (uint32_t i = 0; i < config->guestinfos; i++)
		free(config->guestinfo[i].path);
	*config = (struct vm_config){0};
}

enum err config_set(struct vm_config *config, const char *where, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(set); i++) {
		const char *wrong;

		if (strcmp(settings[i].key, key) != 0)
			continue;
		wrong = set[i](config, value != NULL ? value : "yes");
		if (wrong == NULL)
			return ERR_OK;
		say("%s%s %s: %s", where, key, value != NULL ? value : "", wrong);
		return ERR_INVALID;
	}
	say("%s%s: there is no such setting", where, key);
	return ERR_NOT_FOUND;
}

/* ---- files ------------------------------------------------------------------------------- */

/* Without space at both ends, in place. */
static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* "key = value"; space around both is nobody's; # and ; begin a line that says nothing. */
static enum err parse_line(struct vm_config *config, const char *where, char *line)
{
	char *key = trim(line);
	char *equals = strchr(key, '=');

	if (key[0] == '\0' || key[0] == '#' || key[0] == ';')
		return ERR_OK;
	if (equals == NULL) {
		say("%snot of the form: setting = value", where);
		return ERR_INVALID;
	}
	*equals = '\0';
	return config_set(config, where, trim(key), trim(equals + 1));
}

enum err config_parse(struct vm_config *config, const char *name, const char *text, size_t bytes)
{
	char line[VALUE_BYTES_MAX];
	char where[512];
	unsigned int number = 0;

	for (size_t at = 0; at < bytes;) {
		const char *end = memchr(text + at, '\n', bytes - at);
		size_t length = (end != NULL ? (size_t)(end - text) : bytes) - at;
		enum err err;

		(void)snprintf(where, sizeof(where), "%s:%u: ", name, ++number);
		if (length >= sizeof(line) || memchr(text + at, '\0', length) != NULL) {
			say("%s%s", where, length >= sizeof(line) ? "too long" : "not text");
			return ERR_RANGE;
		}
		memcpy(line, text + at, length);
		line[length] = '\0';
		err = parse_line(config, where, line);
		if (err != ERR_OK)
			return err;
		at += length + 1;
	}
	return ERR_OK;
}

enum err config_read(struct vm_config *config, const char *path)
{
	static char text[FILE_BYTES_MAX + 1];
	FILE *file = fopen(path, "re");
	size_t bytes;
	bool failed;

	if (file == NULL) {
		say("cannot open %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	errno = 0;
	bytes = fread(text, 1, sizeof(text), file);
	failed = ferror(file) != 0;
	(void)fclose(file);
	if (failed) {
		say("cannot read %s: %s", path, strerror(errno));
		return ERR_INVALID;
	}
	if (bytes > FILE_BYTES_MAX) {
		say("%s is longer than 64 KiB", path);
		return ERR_RANGE;
	}
	return config_parse(config, path, text, bytes);
}

/* ---- the whole --------------------------------------------------------------------------- */

enum err config_check(const struct vm_config *config)
{
	if (config->kernel == NULL && config->firmware == NULL)
		say("nothing to start: --kernel FILE or --firmware FILE is missing");
	else if (config->kernel != NULL && config->firmware != NULL)
		say("--kernel and --firmware exclude each other");
	else if (config->kernel == NULL && (config->initrd != NULL || config->append != NULL))
		say("--initrd and --append go with --kernel");
	else if (config->firmware == NULL && config->flash_vars != NULL)
		say("--flash-vars goes with --firmware");
	else if (config->guestinfos != 0 && config->tools == TOOLS_OFF)
		say("--guestinfo goes with --guest-tools vmware");
	else if (config->dedicated > config->cpus)
		say("--dedicate names %u CPUs, but there are --cpus %u", config->dedicated,
		    config->cpus);
	else
		return ERR_OK;
	return ERR_INVALID;
}

/* How long a file's name of the plainest kind is. */
static size_t plain_length(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
}

bool config_is_guestinfo_key(const char *text)
{
	size_t length = plain_length(text);

	return length != 0 && text[length] == '\0' && length < CONFIG_GUESTINFO_KEY_BYTES;
}

bool config_is_name(const char *text)
{
	size_t length = plain_length(text);

	return length != 0 && text[length] == '\0' && length < CONFIG_NAME_BYTES &&
	       text[0] != '.' && text[0] != '-';
}
