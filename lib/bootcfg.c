/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/bootcfg.h"

#include <string.h>

#include "abi/bootinfo.h"
#include "lib/text.h"

struct slice {
	const char *text;
	size_t bytes;
};

static const struct key {
	const char *name;
	size_t bytes_max;
	bool may_be_empty;
} keys[BOOTCFG_KEYS] = {
	[BOOTCFG_KERNEL] = {"kernel", BOOTCFG_NAME_BYTES_MAX, false},
	[BOOTCFG_INITRD] = {"initrd", BOOTCFG_NAME_BYTES_MAX, false},
	[BOOTCFG_CMDLINE] = {"cmdline", BOOTCFG_TEXT_BYTES_MAX, true},
	[BOOTCFG_OPTIONS] = {"options", BOOT_CMDLINE_BYTES - 1, true},
	[BOOTCFG_DEVICETREE] = {"devicetree", BOOTCFG_NAME_BYTES_MAX, false},
};

static enum err refuse(struct bootcfg *cfg, enum err err, const char *why)
{
	cfg->why = why;
	return err;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Bytes before the first c, or all. */
static size_t before(struct slice s, char c)
{
	size_t i = 0;

	while (i < s.bytes && s.text[i] != c)
		i++;
	return i;
}

static struct slice strip(struct slice s)
{
	while (s.bytes != 0 && is_blank(s.text[0])) {
		s.text++;
		s.bytes--;
	}
	while (s.bytes != 0 && is_blank(s.text[s.bytes - 1]))
		s.bytes--;
	return s;
}

static enum bootcfg_key key_of(struct slice name)
{
	uint32_t i;

	for (i = 0; i < BOOTCFG_KEYS; i++) {
		if (text_length(keys[i].name) == name.bytes &&
		    memcmp(keys[i].name, name.text, name.bytes) == 0)
			break;
	}
	return (enum bootcfg_key)i;
}

static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.bytes; i++) {
		if ((s.text[i] < ' ' || s.text[i] > '~') && s.text[i] != '\t')
			return false;
	}
	return true;
}

static enum err parse_line(struct bootcfg *cfg, struct slice line)
{
	enum bootcfg_key key;
	struct slice name;
	struct slice value;
	size_t equals;

	line = strip(line);
	if (line.bytes == 0 || line.text[0] == '#')
		return ERR_OK;
	if (!is_text(line))
		return refuse(cfg, ERR_INVALID, "a character that is not ASCII text");
	equals = before(line, '=');
	if (equals == line.bytes)
		return refuse(cfg, ERR_INVALID, "no '=': a line is key = value");
	name = strip((struct slice){line.text, equals});
	value = strip((struct slice){line.text + equals + 1, line.bytes - equals - 1});
	key = key_of(name);
	if (key == BOOTCFG_KEYS)
		return refuse(
			cfg, ERR_INVALID,
			"no such key: there are kernel, initrd, cmdline, options, devicetree");
	if (cfg->value[key].text != NULL)
		return refuse(cfg, ERR_INVALID, "the key is there a second time");
	if (value.bytes == 0 && !keys[key].may_be_empty)
		return refuse(cfg, ERR_INVALID, "a file's name is missing");
	if (value.bytes > keys[key].bytes_max)
		return refuse(cfg, ERR_RANGE, "the value is too long");
	cfg->value[key].text = value.text;
	cfg->value[key].bytes = value.bytes;
	return ERR_OK;
}

enum err bootcfg_parse(struct bootcfg *cfg, const char *text, size_t bytes)
{
	static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */
	struct slice rest = {text, bytes};

	*cfg = (struct bootcfg){0};
	if (bytes > BOOTCFG_FILE_BYTES_MAX)
		return refuse(cfg, ERR_RANGE, "the file is larger than 64 KiB");
	if (bytes >= 3 && memcmp(text, mark, 3) == 0)
		rest = (struct slice){text + 3, bytes - 3};
	while (rest.bytes != 0) {
		struct slice line = {rest.text, before(rest, '\n')};
		size_t whole = line.bytes + (line.bytes < rest.bytes);
		enum err err;

		if (line.bytes != 0 && line.text[line.bytes - 1] == '\r')
			line.bytes--;
		cfg->line++;
		err = parse_line(cfg, line);
		if (err != ERR_OK)
			return err;
		rest = (struct slice){rest.text + whole, rest.bytes - whole};
	}
	cfg->line = 0;
	if (cfg->value[BOOTCFG_KERNEL].text == NULL)
		return refuse(cfg, ERR_INVALID, "it names no kernel: kernel = FILE is missing");
	return ERR_OK;
}
