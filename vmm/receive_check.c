// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/receive_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/diskproof.h"
#include "vmm/paths.h"
#include "vmm/receive.h"
#include "vmm/say.h"
#include "vmm/vmm.h"

static const char *text_of(const json_t *offer, const char *key)
{
	return json_string_value(json_object_get(offer, key));
}

/* ---- settings ------------------------------------------------------------------------------ */

static bool is_same_disk(const struct disk_config *here, const struct disk_config *there)
{
	return here->format == there->format && here->read_only == there->read_only;
}

/* Settings of this host's own, for the same machine: what differs in a word; NULL: nothing. */
static const char *what_differs(const struct vm_config *here, const struct vm_config *there)
{
	if (here->cpus != there->cpus)
		return "cpus";
	if (here->ram_bytes != there->ram_bytes)
		return "mem";
	if ((here->firmware != NULL) != (there->firmware != NULL))
		return "firmware";
	if ((here->flash_vars != NULL) != (there->flash_vars != NULL))
		return "flash-vars";
	if (here->disks != there->disks)
		return "disk";
	for (uint32_t i = 0; i < here->disks; i++) {
		if (!is_same_disk(&here->disk[i], &there->disk[i]))
			return "disk";
	}
	if (here->nets != there->nets)
		return "net";
	if ((here->console != NULL) != (there->console != NULL) ||
	    config_has_own_console(here) != config_has_own_console(there))
		return "console";
	if (here->vsock_cid != there->vsock_cid)
		return "vsock";
	if (here->rng != there->rng)
		return "rng";
	if (here->agent != there->agent)
		return "agent";
	if (here->ptp != there->ptp)
		return "ptp";
	return here->tools != there->tools ? "guest-tools" : NULL;
}

/* NAME.conf is for VMs that start here, and for those that come here. */
static enum err take_own(struct vm_config *config, const char *conf)
{
	char path[sizeof(PATHS_CONFIG) + CONFIG_NAME_BYTES + 8];
	struct vm_config own;
	const char *differs;

	(void)snprintf(path, sizeof(path), PATHS_CONFIG "/%s.conf", config->name);
	if (conf == NULL && access(path, F_OK) != 0)
		return ERR_OK;
	if (conf == NULL)
		conf = path;
	config_init(&own);
	if (config_read(&own, conf) != ERR_OK)
		return ERR_INVALID;
	differs = what_differs(&own, config);
	if (differs != NULL) {
		say("%s there is for another machine: its setting %s differs; change it, or name "
		    "another file (--config)",
		    conf, differs);
		config_free(&own);
		return ERR_INVALID;
	}
	memcpy(own.name, config->name, sizeof(own.name));
	config_free(config);
	*config = own;
	return ERR_OK;
}

static enum err make_config(struct vm_config *config, const char *settings, const json_t *offer,
			    const struct receive_options *options)
{
	const char *name = options->name != NULL ? options->name : text_of(offer, "name");
	enum err err;

	config_init(config);
	if (name == NULL || !config_is_name(name)) {
		say("the offer is not understood");
		return ERR_INVALID;
	}
	err = config_parse(config, "settings", settings, strlen(settings));
	if (err == ERR_OK)
		err = config_check(config);
	if (err != ERR_OK)
		return err;
	(void)snprintf(config->name, sizeof(config->name), "%s", name);
	return take_own(config, options->conf);
}

/* ---- files --------------------------------------------------------------------------------- */

/* As migrate_offer.c numbers them. */
static enum err check_files(const struct vm_config *config, const json_t *offer)
{
	const json_t *files = json_object_get(offer, "files");
	bool trust = json_is_true(json_object_get(offer, "disks-shared"));
	uint32_t count = config->disks + (config->flash_vars != NULL);
	char error[DISKPROOF_ERROR_BYTES];

	if (json_array_size(files) != count) {
		say("the offer is not understood");
		return ERR_INVALID;
	}
	for (uint32_t i = 0; i < count; i++) {
		const char *path = i < config->disks ? config->disk[i].path : config->flash_vars;

		if (diskproof_check(path, json_array_get(files, i), trust, error) != ERR_OK) {
			say("%s", error);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

enum err receive_check(struct vmm *vmm, const char *settings, const json_t *offer,
		       const struct receive_options *options)
{
	enum err err = make_config(&vmm->config, settings, offer, options);

	if (err == ERR_OK)
		err = check_files(&vmm->config, offer);
	for (uint32_t i = 0; i < vmm->config.disks; i++)
		vmm->config.disk[i].later = true;
	vmm->config.vars_later = true;
	return err;
}
