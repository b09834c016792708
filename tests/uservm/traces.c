// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program, root's: "traces WORD" counts the 64-bit words of all of Linux's memory that have
 * this value (hexadecimal), also in pages that Linux has taken back and not given away again, which
 * it would zero first. To show that it sees memory, it counts another value with which it has
 * filled a page of its own. One line: how many of each.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KERNEL_MEMORY "/proc/kcore" /* an ELF core file of the kernel */
#define PAGE_WORDS    512
#define PART_WORDS    8192
#define SEGMENTS_MAX  64
#define NO_ADDRESS    UINT64_MAX /* p_paddr of what is not RAM as it lies in memory */

static volatile uint64_t own_page[PAGE_WORDS] __attribute__((aligned(4096)));

struct count {
	uint64_t value;
	uint64_t words;
};

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* Holes in memory read as zeros. */
static int look(int file, const Elf64_Phdr *segment, struct count count[2])
{
	static uint64_t part[PART_WORDS];

	for (uint64_t done = 0; done < segment->p_filesz; done += sizeof(part)) {
		uint64_t left = segment->p_filesz - done;
		size_t bytes = left < sizeof(part) ? left : sizeof(part);

		if (pread(file, part, bytes, (off_t)(segment->p_offset + done)) != (ssize_t)bytes)
			return fail(KERNEL_MEMORY);
		for (size_t i = 0; i < bytes / sizeof(part[0]); i++) {
			count[0].words += part[i] == count[0].value;
			count[1].words += part[i] == count[1].value;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct count count[2] = {{.value = argc == 2 ? strtoull(argv[1], NULL, 16) : 0}};
	Elf64_Phdr segment[SEGMENTS_MAX];
	Elf64_Ehdr header;
	int file = open(KERNEL_MEMORY, O_RDONLY);

	if (argc != 2 || file < 0 ||
	    pread(file, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    header.e_phnum > SEGMENTS_MAX)
		return fail(KERNEL_MEMORY);
	ssize_t bytes = (ssize_t)(header.e_phnum * sizeof(segment[0]));

	if (pread(file, segment, (size_t)bytes, (off_t)header.e_phoff) != bytes)
		return fail(KERNEL_MEMORY);
	count[1].value = ~count[0].value;
	for (size_t i = 0; i < PAGE_WORDS; i++)
		own_page[i] = count[1].value;
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (segment[i].p_type == PT_LOAD && segment[i].p_paddr != NO_ADDRESS &&
		    look(file, &segment[i], count) != 0)
			return 1;
	}
	printf("traces: %lu found, %lu of its own\n", (unsigned long)count[0].words,
	       (unsigned long)count[1].words);
	return 0;
}
