// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <unistd.h>

#include "vmm/control.h"
#include "vmm/vmm.h"

/* Commands about the move of the VM to another host; the client that begins it is to stay. */

static enum err take_options(struct rpc_call *call, struct migrate_options *options)
{
	const char *host = rpc_text(call, "host");

	*options = (struct migrate_options){.max_downtime_ms = MIGRATE_DOWNTIME_MS};
	if (host == NULL)
		return ERR_INVALID;
	if (strlen(host) >= sizeof(options->host))
		return rpc_fail(call, ERR_RANGE, "the host's name is too long");
	memcpy(options->host, host, strlen(host) + 1);
	options->disks_shared = json_is_true(json_object_get(call->arguments, "disks-shared"));
	options->force = json_is_true(json_object_get(call->arguments, "force"));
	if (json_object_get(call->arguments, "max-downtime") != NULL &&
	    !rpc_number(call, "max-downtime", &options->max_downtime_ms))
		return ERR_INVALID;
	return ERR_OK;
}

enum err control_migrate(struct rpc_call *call)
{
	struct migrate *m = &control_vmm(call)->migrate;
	char error[MIGRATE_ERROR_BYTES] = "";
	struct migrate_options options;
	int fd = wire_take_fd(call->wire);
	enum err err = take_options(call, &options);

	if (err == ERR_OK && fd < 0)
		return rpc_fail(call, ERR_INVALID, "a connection to the other host is missing");
	if (err != ERR_OK) {
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	err = migrate_begin(m, fd, &options, call->client, error);
	if (err != ERR_OK)
		return rpc_fail(call, err, "%s", error);
	call->result = migrate_describe(m);
	return ERR_OK;
}

enum err control_migrate_status(struct rpc_call *call)
{
	call->result = migrate_describe(&control_vmm(call)->migrate);
	return ERR_OK;
}

enum err control_migrate_cancel(struct rpc_call *call)
{
	enum err err = migrate_cancel(&control_vmm(call)->migrate, "it was cancelled");

	if (err == ERR_BUSY)
		return rpc_fail(call, err,
				"it is too late: the other host has been told to run it");
	if (err != ERR_OK)
		return rpc_fail(call, ERR_INVALID, "it is not being moved");
	return ERR_OK;
}

enum err control_migrate_answer(struct rpc_call *call)
{
	struct migrate *m = &control_vmm(call)->migrate;
	const char *token = rpc_text(call, "token");
	const char *answer = rpc_text(call, "answer");
	bool here = answer != NULL && strcmp(answer, "here") == 0;

	if (token == NULL || answer == NULL)
		return ERR_INVALID;
	if (!here && strcmp(answer, "not") != 0)
		return rpc_fail(call, ERR_INVALID, "'%s': here or not?", answer);
	if (strcmp(token, m->token) != 0 ||
	    migrate_answer(m, here ? HANDOVER_HERE : HANDOVER_NOT) != ERR_OK)
		return rpc_fail(call, ERR_INVALID, "no such move is in doubt");
	return ERR_OK;
}
