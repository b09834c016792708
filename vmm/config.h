/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include <net/if.h>

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * What the operator wants of one user VM, from a configuration file and from the command line.
 * Both have the same settings: `--mem 1G` there is `mem = 1G` here (caisson.conf(5)).
 */

#define CONFIG_NAME_BYTES          32 /* with the NUL */
#define CONFIG_DISKS_MAX           8
#define CONFIG_NETS_MAX            8
#define CONFIG_GUESTINFO_MAX       16
#define CONFIG_GUESTINFO_KEY_BYTES 64 /* with the NUL */

enum disk_format { DISK_RAW, DISK_QCOW2 };

struct disk_config {
	char *path;
	enum disk_format format;
	bool read_only;
	/* No setting: it is another host's for now, and taken over when its VM has come here. */
	bool later;
};

enum net_kind { NET_USER, NET_TAP };

struct net_config {
	enum net_kind kind;
	char ifname[IFNAMSIZ]; /* of the tap device; empty: the kernel chooses */
};

/* What of the guest tools' interface the machine has. */
enum tools_policy {
	TOOLS_OFF,
	TOOLS_READ_ONLY, /* the guest reads, and what it wants to set is refused */
	TOOLS_FULL,
};

/* A value that the guest finds under guestinfo.KEY. */
struct guestinfo_config {
	char key[CONFIG_GUESTINFO_KEY_BYTES]; /* without "guestinfo." */
	char *path;
	uint32_t reads; /* the guest may read it so often, then it is gone; 0: always */
};

/* Strings are the configuration's own; NULL: not given. */
struct vm_config {
	char name[CONFIG_NAME_BYTES]; /* empty: not given */
	char *kernel;
	char *initrd;
	char *append;
	char *firmware;
	char *flash_vars;
	bool vars_later; /* as disk_config.later */
	struct disk_config disk[CONFIG_DISKS_MAX];
	uint32_t disks;
	struct net_config net[CONFIG_NETS_MAX];
	uint32_t nets;
	bool rng;
	bool agent;         /* a port for qemu-guest-agent */
	bool ptp;           /* the host's clock, as ptp_kvm asks for it */
	uint32_t vsock_cid; /* 0: none */
	char *console;      /* the path of a socket, or see config_has_own_console() */
	uint64_t ram_bytes;
	uint32_t cpus;
	uint32_t dedicate[CAISSON_MAX_VCPUS]; /* the CPUs of the first vCPUs */
	uint32_t dedicated;
	enum tools_policy tools;
	struct guestinfo_config guestinfo[CONFIG_GUESTINFO_MAX];
	uint32_t guestinfos;
	char *migratable; /* a file that describes the hosts it may move to */
	bool masked_time; /* the guest uses the physical counter and timer alone */
};

/* A setting as the help shows it. */
struct config_setting {
	const char *key;      /* as on the command line, without the dashes */
	const char *argument; /* its name in the help; NULL: on the command line it has none */
	const char *help;
};

/* Every setting; ends with a NULL key. */
const struct config_setting *config_settings(void);

/* Nothing but what is so when nobody says otherwise. config_free() is due in the end. */
void config_init(struct vm_config *config);
void config_free(struct vm_config *config);

/*
 * One setting, the last one holds; disk, net and guestinfo add one (guestinfo of another key).
 * value: NULL is "yes". where: what a message begins with. Tells what is wrong.
 */
enum err config_set(struct vm_config *config, const char *where, const char *key,
		    const char *value) MUST_CHECK;

/* A configuration file's text. name: for messages. Tells what is wrong. */
enum err config_parse(struct vm_config *config, const char *name, const char *text,
		      size_t bytes) MUST_CHECK;
enum err config_read(struct vm_config *config, const char *path) MUST_CHECK;

/*
 * The settings as a configuration file's text, with this name, and files by their whole paths; the
 * caller frees it. NULL: a value cannot be written so that it is read as the same, which is told.
 */
char *config_text(const struct vm_config *config, const char *name) MUST_CHECK;

/* Do the settings fit together? Tells what is wrong. */
enum err config_check(const struct vm_config *config) MUST_CHECK;

/* Letters, digits, '.', '_', '-', not '.' or '-' first: a VM's name is a file's name. */
bool config_is_name(const char *text);

/* The same of a guestinfo key: letters, digits, '.', '_', '-'. */
bool config_is_guestinfo_key(const char *text);

/* Is the machine's own console a virtio device, too? */
bool config_has_own_console(const struct vm_config *config);

#endif
