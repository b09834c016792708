/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_HOSTREPORT_H
#define HYP_VM_HOSTREPORT_H

#include "abi/event.h"
#include "abi/hostreport.h"
#include "lib/bits.h"

/*
 * What caissond tells the host UI, and what the host UI asks of caissond. Any CPU; the caller holds
 * no lock. Part of the device interface.
 */

/* Boot CPU, once: there is somebody who shows reports. Without it HOST_REPORT answers BUSY. */
void hostreport_enable(void);

/* Of the newest report. */
struct hostreport_info {
	uint64_t age_ticks;    /* of inspect_now() */
	bool has_load;         /* the second one has come */
	uint32_t load_percent; /* the service VM's own, without idle time, of one CPU */
};

/* A copy, its texts fit to be shown (lib/hostreport.h). False: there is none yet. */
bool hostreport_get(struct host_report *report, struct hostreport_info *info);

/* A request, EVENT_FIRST_REQUEST or later (abi/event.h). Takes vGIC locks. */
void hostreport_ask(enum event_type request, uint32_t vm, uint32_t vcpu);

#endif
