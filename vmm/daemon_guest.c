// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "abi/hostreport.h"
#include "vmm/daemon.h"

/*
 * What guests have told of themselves, which their VMMs pass on: caissond shows it, in the list of
 * VMs and at the host UI, and has no other use for it.
 */

_Static_assert(HOST_REPORT_GUESTS == CAISSON_MAX_VMS, "a place for each VM");
_Static_assert(HOST_REPORT_OS_BYTES >= GUESTREPORT_TEXT_BYTES, "names fit");
_Static_assert(HOST_REPORT_ADDRESS_BYTES >= GUESTREPORT_ADDRESS_BYTES, "addresses fit");

enum err daemon_set_guest(struct rpc_call *call)
{
	struct daemon_vm *vm = ((struct daemon_client *)call->client)->vm;

	if (vm == NULL)
		return rpc_fail(call, ERR_NOT_FOUND, "this connection has no virtual machine");
	guestreport_take(&vm->guest, call->arguments);
	daemon_report_soon(vm->daemon);
	return ERR_OK;
}

void daemon_report_guests(const struct daemon *d, struct host_report_guest guest[])
{
	memset(guest, 0, HOST_REPORT_GUESTS * sizeof(guest[0]));
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		const struct daemon_vm *vm = d->vm[i];
		const char *address = vm != NULL ? guestreport_address(&vm->guest) : NULL;

		if (vm == NULL || !vm->made)
			continue;
		memcpy(guest[vm->number].os, vm->guest.os, sizeof(vm->guest.os));
		if (address != NULL)
			memcpy(guest[vm->number].address, address, strlen(address));
	}
}
