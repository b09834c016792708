/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_EVENT_H
#define ABI_EVENT_H

#include <stdint.h>

/*
 * The event line: the service VM's second PL011 (/dev/ttyAMA1, but on ACPI machines: the one at the
 * address in abi/acpitable.h), by which EL2 tells user space what no call returns. What arrives is
 * records of four bytes; only the first byte of a record is 0x80 or more, so a reader that begins
 * in the middle of one finds the next.
 *
 * Nothing is lost while nobody reads: EL2 keeps a bit for each vCPU and type, and makes records of
 * them as the receive FIFO has room. Events of one vCPU and type that nobody has read yet are one.
 * Linux empties the FIFO when it opens the line. So who opens it then writes a byte, whatever it
 * is, and EL2 announces anew: each exit that VCPU_RUN has not answered, and a wake for each vCPU
 * that there has been one for. An event may come twice, or when there is nothing to do any more.
 * Requests are the exception: none comes twice, and those that nobody had read when that byte was
 * written are dropped, since who made them was told that nobody answers.
 */
struct event {
	uint8_t type; /* EVENT_FIRST | enum event_type */
	uint8_t vm;   /* its number, below CAISSON_MAX_VMS */
	uint8_t vcpu; /* below CAISSON_MAX_VCPUS */
	uint8_t check;
};

#define EVENT_FIRST                 0x80
#define EVENT_BYTES                 4
#define EVENT_CHECK(type, vm, vcpu) ((uint8_t)(((type) ^ (vm) ^ (vcpu) ^ 0x2a) & 0x7f))

enum event_type {
	/* A dedicated vCPU has an exit in its run page; it goes on when VCPU_RUN is called. */
	EVENT_EXIT = 1,
	/*
	 * A dedicated vCPU, or the memory-mapped timer, made something pending for this one: as a
	 * bit in wake_set.
	 */
	EVENT_WAKE = 2,
	/* CONSOLE_READ has something new: input, or another size. vcpu is 0. */
	EVENT_CONSOLE = 3,
	/*
	 * Requests of who sits at the host UI, to caissond; the answer is HOST_REPORT's message.
	 * vcpu is 0: press the VM's power button; press it, and start the VM again when it is off.
	 */
	EVENT_STOP = 4,
	EVENT_RESTART = 5,
	/*
	 * Start a defined VM: vcpu is its place in the list of the last HOST_REPORT (`off`), vm the
	 * low four bits of that list's serial number.
	 */
	EVENT_START = 6,
};

#define EVENT_FIRST_REQUEST EVENT_STOP
#define EVENT_LAST          EVENT_START

#endif
