/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_RECEIVE_CHECK_H
#define VMM_RECEIVE_CHECK_H

#include <jansson.h>

#include "lib/bits.h"
#include "lib/err.h"

struct receive_options;
struct vmm;

/*
 * Can this host have the VM that is offered? What can be told without doing anything; makes
 * vmm->config. settings, offer: hostile, NULL: no JSON. Tells what is wrong, and what helps.
 */
enum err receive_check(struct vmm *vmm, const char *settings, const json_t *offer,
		       const struct receive_options *options) MUST_CHECK;

#endif
