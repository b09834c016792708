/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/gdbregs.h"

#define NAME(name) #name,

static const char *const system_names[] = {GDBREGS_EACH_SYSTEM(NAME)};

_Static_assert(ARRAY_SIZE(system_names) == GDBREGS_COUNT - GDBREGS_SYSTEM, "each has a name");

size_t gdbregs_bytes(unsigned int number)
{
	if (number >= GDBREGS_V0 && number < GDBREGS_FPSR)
		return 16;
	return number == GDBREGS_CPSR || number == GDBREGS_FPSR || number == GDBREGS_FPCR ? 4 : 8;
}

/* number: of a series; -1: the name is whole. more: attributes. */
static void put_register(struct gdbproto_reply *r, const char *name, int number, unsigned int bits,
			 const char *more)
{
	gdbproto_put(r, "<reg name=\"");
	gdbproto_put(r, name);
	if (number >= 0)
		gdbproto_put_decimal(r, (uint64_t)number);
	gdbproto_put(r, "\" bitsize=\"");
	gdbproto_put_decimal(r, bits);
	gdbproto_put(r, "\"");
	gdbproto_put(r, more);
	gdbproto_put(r, "/>\n");
}

void gdbregs_put_xml(struct gdbproto_reply *r)
{
	unsigned int i;

	gdbproto_put(r, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
			"<target version=\"1.0\">\n<architecture>aarch64</architecture>\n"
			"<feature name=\"org.gnu.gdb.aarch64.core\">\n");
	for (i = 0; i < 31; i++)
		put_register(r, "x", (int)i, 64, "");
	put_register(r, "sp", -1, 64, " type=\"data_ptr\"");
	put_register(r, "pc", -1, 64, " type=\"code_ptr\"");
	put_register(r, "cpsr", -1, 32, "");
	gdbproto_put(r, "</feature>\n<feature name=\"org.gnu.gdb.aarch64.fpu\">\n"
			"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>\n"
			"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n"
			"<vector id=\"v2u\" type=\"uint64\" count=\"2\"/>\n"
			"<vector id=\"v4u\" type=\"uint32\" count=\"4\"/>\n"
			"<vector id=\"v16u\" type=\"uint8\" count=\"16\"/>\n"
			"<union id=\"vector\"><field name=\"d\" type=\"v2d\"/>"
			"<field name=\"f\" type=\"v4f\"/><field name=\"u64\" type=\"v2u\"/>"
			"<field name=\"u32\" type=\"v4u\"/><field name=\"u8\" type=\"v16u\"/>"
			"</union>\n");
	for (i = 0; i < 32; i++)
		put_register(r, "v", (int)i, 128, " type=\"vector\"");
	put_register(r, "fpsr", -1, 32, "");
	put_register(r, "fpcr", -1, 32, "");
	gdbproto_put(r, "</feature>\n<feature name=\"org.caisson.system\">\n");
	for (i = 0; i < ARRAY_SIZE(system_names); i++)
		put_register(r, system_names[i], -1, 64, " group=\"system\"");
	gdbproto_put(r, "</feature>\n</target>\n");
}
