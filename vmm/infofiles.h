/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_INFOFILES_H
#define VMM_INFOFILES_H

#include "vmm/tools.h"

/* Values for the guest from files, as the configuration names them. Tells what is wrong. */
enum err infofiles_load(const struct vm_config *config, struct tools *tools) MUST_CHECK;

#endif
