// SPDX-License-Identifier: BSD-2-Clause
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/diskproof.h"
#include "vmm/migrate.h"
#include "vmm/vmm.h"

/*
 * The offer: which VM it is, and, besides its settings, what tells whether the other host can have
 * it. The other host looks at all of it before anything is sent that costs time.
 */

/* Files that the VM writes or reads while it runs, in this order: disks, flash for variables. */
static const char *file_of(const struct vm_config *config, uint32_t number, bool *read_only)
{
	*read_only = false;
	if (number >= config->disks)
		return config->flash_vars;
	*read_only = config->disk[number].read_only;
	return config->disk[number].path;
}

static json_t *describe_files(struct migrate *m)
{
	const struct vm_config *config = &m->vmm->config;
	uint32_t count = config->disks + (config->flash_vars != NULL);
	char error[DISKPROOF_ERROR_BYTES];
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++) {
		bool read_only;
		const char *path = file_of(config, i, &read_only);
		json_t *file = diskproof_describe(path, read_only, m->token, i, error);

		if (file == NULL) {
			migrate_fail(m, "%s", error);
			json_decref(list);
			return NULL;
		}
		(void)json_array_append_new(list, file);
	}
	return list;
}

void migrate_end_offer(struct migrate *m)
{
	const struct vm_config *config = &m->vmm->config;

	for (uint32_t i = 0; i < config->disks + (config->flash_vars != NULL); i++) {
		bool read_only;

		diskproof_forget(file_of(config, i, &read_only), m->token, i);
	}
}

char *migrate_make_offer(struct migrate *m)
{
	const struct vmm *vmm = m->vmm;
	json_t *files = describe_files(m);
	json_t *offer;
	char *text;

	if (files == NULL)
		return NULL;
	offer = json_pack("{s:s,s:s,s:o,s:b}", "token", m->token, "name", vmm->client.name, "files",
			  files, "disks-shared", m->options.disks_shared);
	text = offer != NULL ? json_dumps(offer, JSON_COMPACT) : NULL;
	json_decref(offer);
	if (text == NULL)
		migrate_fail(m, "out of memory");
	return text;
}
