/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct image_info info;

	if (image_parse(data, bytes, &info) == ERR_OK) {
		FUZZ_CHECK(bytes >= 64 && info.image_bytes >= bytes);
		FUZZ_CHECK(info.image_bytes <= GIB(1) && info.text_offset <= GIB(1));
		FUZZ_CHECK(info.text_offset % 4 == 0);
	}
	return 0;
}
