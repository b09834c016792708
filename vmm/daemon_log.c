// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/paths.h"
#include "vmm/pin.h"

#define PIECE_BYTES 4096 /* a page: what LOG_READ gives at once */

static enum err read_hypervisor(struct rpc_call *call, uint64_t *position, uint8_t *piece,
				size_t *bytes)
{
	const struct daemon *d = ((struct daemon_client *)call->client)->daemon;
	uint64_t lost;
	enum caisson_status status =
		hyp_log_read(&d->management, position, piece, PIECE_BYTES, bytes, &lost);

	if (status != CAISSON_OK)
		return rpc_fail(call, ERR_INVALID, "cannot read the hypervisor's log: %s",
				hyp_status_text(status));
	return ERR_OK;
}

static enum err read_file(struct rpc_call *call, const char *name, uint64_t *position,
			  uint8_t *piece, size_t *bytes)
{
	char path[128];
	ssize_t got;
	int file;

	if (!config_is_name(name))
		return rpc_fail(call, ERR_INVALID, "'%s' is not a name", name);
	(void)snprintf(path, sizeof(path), PATHS_LOG "/%s.log", name);
	file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return rpc_fail(call, ERR_NOT_FOUND, "there is no log of %s: it was never detached",
				name);
	got = pread(file, piece, PIECE_BYTES, (off_t)*position);
	(void)close(file);
	if (got < 0)
		return rpc_fail(call, ERR_INVALID, "cannot read %s: %s", path, strerror(errno));
	*bytes = (size_t)got;
	*position += (uint64_t)got;
	return ERR_OK;
}

/* JSON is UTF-8: what is no plain text is shown as '?'. */
static void make_plain(uint8_t *piece, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (piece[i] != '\n' && piece[i] != '\t' && (piece[i] < ' ' || piece[i] > '~'))
			piece[i] = '?';
	}
}

enum err daemon_log(struct rpc_call *call)
{
	static uint8_t piece[PIECE_BYTES] __attribute__((aligned(PIECE_BYTES)));
	static const struct pin_part part = {.start = piece, .bytes = sizeof(piece)};
	static int ring = -1; /* pins it for EL2, from the first time on */
	const json_t *name = json_object_get(call->arguments, "name");
	uint64_t position;
	size_t bytes = 0;
	enum err err;

	if (!rpc_number(call, "position", &position))
		return ERR_INVALID;
	if (ring < 0 && pin_memory(&part, 1, &ring) != ERR_OK)
		return rpc_fail(call, ERR_NO_MEMORY, "cannot pin a page: %s", strerror(errno));
	if (name == NULL)
		err = read_hypervisor(call, &position, piece, &bytes);
	else if (rpc_text(call, "name") == NULL)
		err = ERR_INVALID;
	else
		err = read_file(call, json_string_value(name), &position, piece, &bytes);
	if (err != ERR_OK)
		return err;
	make_plain(piece, bytes);
	call->result = json_pack("{s:o,s:I}", "text", json_stringn((char *)piece, bytes),
				 "position", (json_int_t)position);
	return ERR_OK;
}
