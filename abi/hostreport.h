/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_HOSTREPORT_H
#define ABI_HOSTREPORT_H

#include <stdint.h>

/*
 * What caissond tells the host UI (HOST_REPORT, abi/hypercall.h): what only the service VM knows.
 * It is sent again every few seconds, changed or not: none for 20 seconds shows that caissond is
 * not there.
 *
 * Texts are printable ASCII with zeros behind, at least one. What is not printable is shown as '?'.
 */
#define HOST_REPORT_NAME_BYTES    64
#define HOST_REPORT_ADDRESS_BYTES 48 /* an IPv6 address has 45 characters at most */
#define HOST_REPORT_MESSAGE_BYTES 96
#define HOST_REPORT_VM_BYTES      32
#define HOST_REPORT_VMS           32 /* an event's vcpu field names one */
#define HOST_REPORT_GUESTS        16 /* CAISSON_MAX_VMS: by a VM's number */
#define HOST_REPORT_OS_BYTES      64

/* What a user VM's own tools have told of it: the guest may tell anything. Empty: nothing. */
struct host_report_guest {
	char address[HOST_REPORT_ADDRESS_BYTES]; /* one of its IP addresses */
	char os[HOST_REPORT_OS_BYTES];           /* its operating system's name */
};

struct host_report {
	uint32_t bytes; /* sizeof(struct host_report) */
	/* Defined VMs that do not run: in use in off[]; and those that are not there for want of
	 * room. */
	uint32_t off_count;
	uint32_t off_left_out;
	/* Another one whenever off[] has changed: EVENT_START names its low four bits. */
	uint32_t off_serial;
	/* Another one with each message, also with one that says the same. */
	uint32_t message_serial;
	uint32_t reserved; /* 0 */
	/* Time in which the service VM's CPUs were not idle, summed up, since it started; user VMs'
	 * vCPUs had part of it. */
	uint64_t busy_us;
	char name[HOST_REPORT_NAME_BYTES];       /* the service VM's host name */
	char address[HOST_REPORT_ADDRESS_BYTES]; /* its IP address; empty: none */
	char machine[HOST_REPORT_NAME_BYTES];    /* its model, as firmware names it; may be empty */
	char message[HOST_REPORT_MESSAGE_BYTES]; /* what became of a request; empty: nothing yet */
	char off[HOST_REPORT_VMS][HOST_REPORT_VM_BYTES]; /* names, in the order to be shown */
	struct host_report_guest guest[HOST_REPORT_GUESTS];
};

_Static_assert(sizeof(struct host_report) == 32 + 64 + 48 + 64 + 96 + 32 * 32 + 16 * 112,
	       "no padding");
_Static_assert(sizeof(struct host_report) <= 4096, "it fits into a page");

#endif
