/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/bootcfg.h"

static const char *const names[BOOTCFG_KEYS] = {"kernel", "initrd", "cmdline", "options",
						"devicetree"};

/* What was parsed, written again, is parsed to the same. */
static void check_again(const struct bootcfg *cfg)
{
	char *text = malloc(BOOTCFG_FILE_BYTES_MAX + 1);
	struct bootcfg again;
	size_t length = 0;

	for (uint32_t i = 0; i < BOOTCFG_KEYS; i++) {
		size_t name = strlen(names[i]);

		if (cfg->value[i].text == NULL)
			continue;
		memcpy(text + length, names[i], name);
		length += name;
		text[length++] = '=';
		memcpy(text + length, cfg->value[i].text, cfg->value[i].bytes);
		length += cfg->value[i].bytes;
		text[length++] = '\n';
	}
	FUZZ_CHECK(bootcfg_parse(&again, text, length) == ERR_OK);
	for (uint32_t i = 0; i < BOOTCFG_KEYS; i++) {
		FUZZ_CHECK(again.value[i].bytes == cfg->value[i].bytes);
		FUZZ_CHECK(again.value[i].bytes == 0 ||
			   memcmp(again.value[i].text, cfg->value[i].text, again.value[i].bytes) ==
				   0);
	}
	free(text);
}

/* The input is the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *text = (const char *)data;
	struct bootcfg cfg;

	if (bootcfg_parse(&cfg, text, bytes) != ERR_OK) {
		FUZZ_CHECK(cfg.why != NULL && cfg.line <= bytes);
		return 0;
	}
	FUZZ_CHECK(cfg.value[BOOTCFG_KERNEL].bytes != 0);
	for (uint32_t i = 0; i < BOOTCFG_KEYS; i++) {
		if (cfg.value[i].bytes == 0)
			continue;
		FUZZ_CHECK(cfg.value[i].text >= text);
		FUZZ_CHECK(cfg.value[i].text + cfg.value[i].bytes <= text + bytes);
	}
	check_again(&cfg);
	return 0;
}
