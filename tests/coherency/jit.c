// SPDX-License-Identifier: BSD-2-Clause
/*
 * jit ROUNDS good|bad: writes a function and calls it, and writes it anew; with cache maintenance
 * in between, or without. Prints where it was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES  4096
#define INSN_MOV(n) (0xd2800000u | (n) << 5) /* mov x0, #n */
#define INSN_RET    0xd65f03c0u

int main(int argc, char **argv)
{
	unsigned int rounds = argc == 3 ? (unsigned int)strtoul(argv[1], NULL, 0) : 0, i;
	volatile uint32_t *code;

	if (!rounds || (strcmp(argv[2], "good") != 0 && strcmp(argv[2], "bad") != 0)) {
		fprintf(stderr, "usage: jit ROUNDS good|bad\n");
		return 2;
	}
	code = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED) {
		perror("jit: mmap");
		return 1;
	}
	for (i = 0; i < rounds; i++) {
		code[0] = INSN_MOV(i & 0xffff);
		code[1] = INSN_RET;
		if (!strcmp(argv[2], "good"))
			__builtin___clear_cache((char *)code, (char *)(code + 2));
		if (((uint64_t(*)(void))(uintptr_t)code)() != (i & 0xffff)) {
			printf("jit: round %u gave something else\n", i);
			return 1;
		}
	}
	printf("jit: 0x%lx\n", (unsigned long)code);
	return 0;
}
