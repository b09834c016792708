/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/gtnic.h"

/* The input is what a guest's tools tell of its network cards. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char text[GTNIC_TEXT_BYTES];
	struct gtnic_list list;

	if (gtnic_decode(data, bytes, &list) != ERR_OK)
		return 0;
	FUZZ_CHECK(list.cards <= GTNIC_CARDS);
	for (uint32_t i = 0; i < list.cards; i++) {
		FUZZ_CHECK(list.card[i].addresses <= GTNIC_ADDRESSES);
		FUZZ_CHECK(list.card[i].addresses <= list.card[i].addresses_told);
		for (uint32_t n = 0; n < list.card[i].addresses; n++)
			gtnic_text(&list.card[i].address[n], text);
	}
	return 0;
}
