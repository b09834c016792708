// SPDX-License-Identifier: BSD-2-Clause
#include <jansson.h>

#include "vmm/guestreport.h"

static void describe_text(json_t *object, const char *key, const char *text)
{
	if (text[0] != '\0')
		(void)json_object_set_new(object, key, json_string(text));
}

void guestreport_describe(const struct guestreport *r, json_t *object)
{
	json_t *list;

	describe_text(object, "os", r->os);
	describe_text(object, "host-name", r->host_name);
	describe_text(object, "tools", r->tools);
	if (r->addresses == 0)
		return;
	list = json_array();
	for (uint32_t i = 0; i < r->addresses; i++)
		(void)json_array_append_new(list, json_string(r->address[i]));
	(void)json_object_set_new(object, "addresses", list);
}

static void take_text(char to[GUESTREPORT_TEXT_BYTES], const json_t *object, const char *key)
{
	const json_t *text = json_object_get(object, key);

	if (json_is_string(text))
		guestreport_clean(to, GUESTREPORT_TEXT_BYTES, json_string_value(text),
				  json_string_length(text));
}

void guestreport_take(struct guestreport *r, const json_t *object)
{
	const json_t *address;
	size_t index;

	*r = (struct guestreport){0};
	take_text(r->os, object, "os");
	take_text(r->host_name, object, "host-name");
	take_text(r->tools, object, "tools");
	json_array_foreach(json_object_get(object, "addresses"), index, address)
	{
		if (json_is_string(address))
			guestreport_add_address(r, json_string_value(address),
						json_string_length(address));
	}
}
