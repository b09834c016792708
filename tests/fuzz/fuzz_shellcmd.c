/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/shellcmd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes);
	size_t length = strlen(text);
	struct shellcmd c;
	uint32_t vm, vcpu;

	if (shellcmd_target(text, 16, &vm, &vcpu))
		FUZZ_CHECK(vm < 1000000 && vcpu < 1000000 && length > 0);
	if (shellcmd_split(&c, text)) {
		FUZZ_CHECK(c.count <= SHELLCMD_WORDS);
		for (unsigned int i = 0; i < c.count; i++) {
			FUZZ_CHECK(c.word[i] >= text && c.word[i] < text + length);
			FUZZ_CHECK(c.word[i][0] != '\0' && !strchr(c.word[i], ' '));
		}
	}
	free(text);
	return 0;
}
