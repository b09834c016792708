/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_SHELLCMD_H
#define LIB_SHELLCMD_H

#include "lib/bits.h"

/* What is typed to the hypervisor's shell, cut up and read. Pure; any bytes are safe. */

#define SHELLCMD_WORDS 8

struct shellcmd {
	unsigned int count;
	const char *word[SHELLCMD_WORDS]; /* into the text; those beyond count are NULL */
};

/* Words between blanks; puts a NUL behind each. False: there are more than SHELLCMD_WORDS. */
bool shellcmd_split(struct shellcmd *c, char *text) MUST_CHECK;

/*
 * "svm" or a number, and maybe ".vCPU" behind it: a VM and a vCPU, 0 if none is named. service: the
 * number that "svm" stands for. False: it is none of this; numbers are only read, not looked up.
 */
bool shellcmd_target(const char *text, uint32_t service, uint32_t *vm, uint32_t *vcpu) MUST_CHECK;

/* The index of text in a list that ends with NULL, or -1. */
int shellcmd_choice(const char *text, const char *const *list);

#endif
