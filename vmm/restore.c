// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/snapshot.h"
#include "vmm/vmm.h"

/* What the stream says, with the file's name. */
static enum err tell(const struct restore *r, enum err err)
{
	if (err != ERR_OK)
		say("%s: %s", r->path,
		    stream_error(&r->stream)[0] != '\0' ? stream_error(&r->stream)
							: "it cannot be used");
	return err;
}

static enum err read_config(struct restore *r, struct vm_config *config)
{
	struct stream_section section;
	enum err err = stream_open(&r->stream, SNAPSHOT_FILE, &r->header);

	if (err == ERR_OK)
		err = stream_read(&r->stream, &section);
	if (err == ERR_OK && section.id != SNAPSHOT_CONFIG)
		err = stream_fail(&r->stream, ERR_INVALID, "it does not begin with settings");
	if (err == ERR_OK)
		err = stream_take(&r->stream, &section, 1, NULL, 0, true);
	if (err != ERR_OK)
		return tell(r, err);
	err = config_parse(config, r->path, (const char *)section.contents, section.bytes);
	return err == ERR_OK ? config_check(config) : err;
}

enum err restore_open(struct restore *r, const char *path, struct vm_config *config)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	*r = (struct restore){.path = path, .stream.fd = -1, .stream.cancel = -1};
	if (file < 0) {
		say("cannot open %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (stream_init(&r->stream, file, 0) != ERR_OK || statemem_init(&r->memory) != ERR_OK)
		return tell(r, ERR_NO_MEMORY);
	return read_config(r, config);
}

void restore_close(struct restore *r)
{
	statemem_close(&r->memory);
	if (r->stream.fd >= 0)
		(void)close(r->stream.fd);
	stream_close(&r->stream);
	r->stream.fd = -1;
}

enum err restore_memory(struct restore *r, struct vmm *vmm)
{
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		err = stream_read(&r->stream, &r->next);
		if (err != ERR_OK)
			break;
		if (r->next.id == SNAPSHOT_MEMORY)
			err = state_load_memory(vmm, &r->memory, &r->stream, &r->next);
		else if (state_is_head(r->next.id))
			err = state_load(vmm, &r->load, &r->stream, &r->next);
		else
			return tell(r, state_check_head(vmm, &r->load, &r->stream));
	}
	return tell(r, err);
}

enum err restore_state(struct restore *r, struct vmm *vmm)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && r->next.id != SNAPSHOT_END) {
		err = state_is_head(r->next.id)
			      ? stream_fail(&r->stream, ERR_INVALID, "%s: out of its order",
					    stream_name(r->next.id))
			      : state_load(vmm, &r->load, &r->stream, &r->next);
		if (err == ERR_OK)
			err = stream_read(&r->stream, &r->next);
	}
	if (err == ERR_OK)
		err = state_check(vmm, &r->load, &r->stream);
	return tell(r, err);
}
