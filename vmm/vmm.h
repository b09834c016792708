/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include <time.h>

#include "vmm/baseline.h"
#include "vmm/board.h"
#include "vmm/client.h"
#include "vmm/config.h"
#include "vmm/control.h"
#include "vmm/devices.h"
#include "vmm/hub.h"
#include "vmm/load.h"
#include "vmm/memory.h"
#include "vmm/migrate.h"
#include "vmm/ownconsole.h"
#include "vmm/snapshot.h"
#include "vmm/tools.h"
#include "vmm/vm.h"

/* The process of one VM: what lives as long as it, over all starts of the guest. */
struct vmm {
	struct vm_config config;
	struct load_config load;
	struct hostinfo here;     /* this host */
	struct baseline baseline; /* what the guest is shown of it, and how it keeps time */
	struct loop loop;
	struct client client;
	struct memory memory;
	struct board board;
	struct devices devices;
	struct hub hub;
	struct ownconsole console;
	struct virtio_console_own own;
	struct tools tools;
	struct control control;
	struct snapshot snapshot;
	struct migrate migrate;
	struct receive *incoming;   /* where the first start comes from; NULL: from here */
	struct loop_event announce; /* a timer, see move_announce() */
	uint32_t announced;
	struct restore *restore; /* what the first start goes on with; NULL: a start */
	struct vm vm;
	struct timespec begun;
	uint32_t starts; /* of the guest */
	bool begun_told;
	/* CLOCK_MONOTONIC, in seconds: off before that, it is to be started again. 0: it is not. */
	time_t again_until;
	int event; /* an eventfd, see struct vm */
	struct loop_event vm_event;
	struct loop_event signal[3];
};

/*
 * Runs the VM that vmm->config asks for until it is off. started: called once the guest runs.
 * own_console: it is on standard input and output. Tells what is wrong.
 */
enum vm_end vmm_run(struct vmm *vmm, bool own_console, void (*started)(struct vmm *vmm));

/* The sockets of the VM; tells what is wrong. */
enum err vmm_listen(struct vmm *vmm) MUST_CHECK;

/* For the control socket, and for caissond. In the loop. */
void vmm_pause(struct vmm *vmm);
void vmm_resume(struct vmm *vmm);
/* The power button; again: and when the guest is off in consequence, it is started again. */
void vmm_press_button(struct vmm *vmm, bool again);

#endif
