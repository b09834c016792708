/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_DBGACCESS_H
#define HYP_VM_DBGACCESS_H

#include "abi/bootinfo.h"
#include "abi/hypercall.h"
#include "lib/err.h"
#include "lib/gdbserver.h"

/*
 * What a debugger outside may do with a VM: stop it and let it go on, its registers, its memory,
 * breakpoints. Part of hyp/vm's device interface, for the console room. One VM at a time.
 *
 * While a VM is debugged its debug exceptions come to EL2 (MDCR_EL2.TDE), and its own breakpoint
 * registers are without effect; its own BRKs are passed on to it. When none is, nothing costs more
 * than a test of one word at an interrupt or a switch of worlds.
 *
 * Stopped: each of its vCPUs is held. One of the service VM waits in EL2 on its CPU, with its
 * registers in its struct world, and the CPU goes on serving physical interrupts. One of a user VM
 * is loaded nowhere; VCPU_RUN answers WFI without a deadline, so that its VMM's thread sleeps, and
 * EVENT_WAKE wakes it; one with a CPU of its own is not entered there.
 *
 * Any CPU. Takes LOCK_DEBUGGER and later ones.
 */

/* VMs have the numbers that VM_INFO shows; the service VM has the one behind those. */
#define DBGACCESS_SERVICE CAISSON_MAX_VMS
#define DBGACCESS_VMS     (CAISSON_MAX_VMS + 1)

struct vm;

/*
 * changed: dbgaccess_has_stopped() or dbgaccess_has_gone() may have something; called on any CPU
 * with no lock but LOCK_MANAGE held. Boot CPU, once; bi stays where it is.
 */
void dbgaccess_init(const struct bootinfo *bi, struct vm *service, void (*changed)(void));

/* Is there a VM of this number? */
bool dbgaccess_vm(uint32_t number, struct gdbserver_vm *vm);

/* ERR_NOT_FOUND; ERR_BUSY: another one is attached. The VM goes on running. */
enum err dbgaccess_attach(uint32_t number) MUST_CHECK;
/* It runs as if nothing had been. */
void dbgaccess_detach(void);

/* The VM is to stop. */
void dbgaccess_stop(void);
/* The VM, which has stopped, goes on: an entry for each vCPU. */
void dbgaccess_resume(const enum gdbserver_go *go);

/* True once after each stop or resume: all vCPUs are held now. */
bool dbgaccess_has_stopped(struct gdbserver_stop *stop);
/* True once: the VM was destroyed, and none is attached any more. */
bool dbgaccess_has_gone(void);

/* The rest is for a VM that has stopped. Contracts as in struct gdbserver_target. */
enum err dbgaccess_read(uint32_t index, unsigned int number, uint8_t *value) MUST_CHECK;
enum err dbgaccess_write(uint32_t index, unsigned int number, const uint8_t *value) MUST_CHECK;
size_t dbgaccess_load(uint32_t index, uint64_t va, uint8_t *to, size_t count);
bool dbgaccess_store(uint32_t index, uint64_t va, const uint8_t *from, size_t count);
enum err dbgaccess_point(uint32_t index, enum gdbserver_point point, uint64_t va, uint64_t kind,
			 bool set) MUST_CHECK;

#endif
