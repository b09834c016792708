// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/rpc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum err rpc_fail(struct rpc_call *call, enum err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(call->error, sizeof(call->error), format, args);
	va_end(args);
	return err;
}

const char *rpc_text(struct rpc_call *call, const char *key)
{
	const char *text = json_string_value(json_object_get(call->arguments, key));

	if (text == NULL)
		(void)rpc_fail(call, ERR_INVALID, "argument '%s' is missing or no text", key);
	return text;
}

bool rpc_number(struct rpc_call *call, const char *key, uint64_t *value)
{
	const json_t *number = json_object_get(call->arguments, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0) {
		(void)rpc_fail(call, ERR_INVALID, "argument '%s' is missing or no number", key);
		return false;
	}
	*value = (uint64_t)json_integer_value(number);
	return true;
}

static const char *class_of(enum err err)
{
	switch (err) {
	case ERR_NOT_FOUND:
		return "CommandNotFound";
	case ERR_DENIED:
		return "PermissionDenied";
	default:
		return "GenericError";
	}
}

static enum err handle(const struct rpc_command *table, struct rpc_call *call,
		       const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "execute"));
	const json_t *arguments = json_object_get(message, "arguments");

	if (message == NULL)
		return rpc_fail(call, ERR_INVALID, "not a JSON object in one line");
	if (name == NULL)
		return rpc_fail(call, ERR_INVALID, "no command: 'execute' is missing");
	if (arguments != NULL && !json_is_object(arguments))
		return rpc_fail(call, ERR_INVALID, "'arguments' is no object");
	if (arguments != NULL)
		call->arguments = arguments;
	for (const struct rpc_command *command = table; command->name != NULL; command++) {
		if (strcmp(command->name, name) == 0)
			return command->handle(call);
	}
	return rpc_fail(call, ERR_NOT_FOUND, "there is no command '%s'", name);
}

void rpc_answer(struct rpc_call *call, enum err err)
{
	json_t *answer;

	if (err == ERR_OK)
		answer = json_pack("{s:o}", "return",
				   call->result != NULL ? call->result : json_object());
	else
		answer = json_pack("{s:{s:s,s:s}}", "error", "class", class_of(err), "desc",
				   call->error);
	/* Text that was cut off within a character is no JSON. */
	if (answer == NULL)
		answer = json_pack("{s:{s:s,s:s}}", "error", "class", class_of(err), "desc",
				   "failed, for a reason that is too long");
	if (call->id != NULL)
		(void)json_object_set(answer, "id", call->id);
	err = wire_send(call->wire, answer, call->fd);
	if (call->close_fd)
		(void)close(call->fd);
	if (err != ERR_OK)
		return; /* the wire is over, which its owner hears of */
}

void rpc_dispatch(const struct rpc_command *table, void *client, struct wire *wire,
		  const json_t *message)
{
	json_t *nothing = json_object();
	struct rpc_call call = {.client = client,
				.wire = wire,
				.arguments = nothing,
				.id = json_object_get(message, "id"),
				.fd = -1};
	enum err err = handle(table, &call, message);

	if (err != ERR_OK || !call.later)
		rpc_answer(&call, err);
	json_decref(nothing);
}

void rpc_event(struct wire *wire, const char *name, json_t *data)
{
	struct timeval now;
	json_t *event;

	(void)gettimeofday(&now, NULL);
	event = json_pack("{s:s,s:{s:I,s:I}}", "event", name, "timestamp", "seconds",
			  (json_int_t)now.tv_sec, "microseconds", (json_int_t)now.tv_usec);
	if (data != NULL)
		(void)json_object_set_new(event, "data", data);
	if (wire_send(wire, event, -1) != ERR_OK)
		return; /* as above */
}

/* Is it the answer? Else it is nobody's any more: of a command that nobody waited for. */
static bool take_answer(json_t *message, const json_t *id, json_t **result, char *error,
			size_t error_bytes)
{
	json_t *failure = json_object_get(message, "error");

	if (!json_equal(json_object_get(message, "id"), id))
		return false;
	*result = json_incref(json_object_get(message, "return"));
	if (*result == NULL && failure == NULL)
		return false;
	if (failure != NULL) {
		const char *text = json_string_value(json_object_get(failure, "desc"));

		(void)snprintf(error, error_bytes, "%s", text != NULL ? text : "failed");
	}
	return true;
}

enum err rpc_ask(struct wire *w, const char *command, json_t *arguments, uint64_t timeout_ms,
		 wire_message_fn *on_event, void *arg, json_t **result, char *error,
		 size_t error_bytes)
{
	return rpc_ask_with(w, -1, command, arguments, timeout_ms, on_event, arg, result, error,
			    error_bytes);
}

enum err rpc_ask_with(struct wire *w, int fd, const char *command, json_t *arguments,
		      uint64_t timeout_ms, wire_message_fn *on_event, void *arg, json_t **result,
		      char *error, size_t error_bytes)
{
	json_t *id = json_integer((json_int_t)++w->asked);
	json_t *request = json_pack("{s:s,s:O}", "execute", command, "id", id);
	json_t *message;
	enum err err;

	*result = NULL;
	if (arguments != NULL)
		(void)json_object_set_new(request, "arguments", arguments);
	(void)snprintf(error, error_bytes, "the connection was closed");
	err = wire_send(w, request, fd);
	while (err == ERR_OK) {
		bool done;

		err = wire_receive(w, timeout_ms, &message);
		if (err == ERR_BUSY)
			(void)snprintf(error, error_bytes, "no answer");
		if (err != ERR_OK)
			break;
		done = take_answer(message, id, result, error, error_bytes);
		if (!done && on_event != NULL)
			on_event(arg, message);
		json_decref(message);
		if (done) {
			err = *result != NULL ? ERR_OK : ERR_INVALID;
			break;
		}
	}
	json_decref(id);
	return err;
}
