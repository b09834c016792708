// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/check.h"

static void test_hello(void)
{
	CHECK_EQ(1, 1);
}

static const struct test tests[] = {{"uart-hello", test_hello}};

void payload_main(void)
{
	check_run(tests, ARRAY_SIZE(tests));
}
