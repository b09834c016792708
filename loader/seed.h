/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_SEED_H
#define LOADER_SEED_H

#include "loader/machine.h"

/*
 * Makes info->secret and info->management_token from what randomness there is: the firmware's
 * (EFI_RNG_PROTOCOL or rng-seed), the CPU's random numbers (FEAT_RNG), and the counter, which alone
 * can be guessed: a warning is printed then. m->svm_seed is made in the same way. After dt_read().
 */
void seed_make(struct machine *m);

#endif
