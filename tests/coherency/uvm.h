/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COHERENCY_UVM_H
#define COHERENCY_UVM_H

/* Between uvm.c and its guest in uvm_guest.S. */

#define GUEST_CALL      0xc6000001 /* function that says: x1 and x2 are results */
#define GUEST_FIRST_IPA 0x40000000
/* From the last but one to the last of the chunks of 64 KiB in which EL2 cleans a block. */
#define GUEST_SECOND_IPA 0x403effc0
#define GUEST_BEFORE     0x100
#define GUEST_ADDS       16

#endif
