/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_STATE_H
#define VMM_STATE_H

#include "abi/vgicstate.h"
#include "vmm/statemem.h"
#include "vmm/stream.h"

struct vmm;

/*
 * The state of a whole VM, in the order of a snapshot: state_save_head(), memory, state_save(),
 * SNAPSHOT_END. Each device's part is beside its code (NAME_save(), NAME_load()).
 */

/* ---- a VM that is to be written ------------------------------------------------------------ */

/*
 * The VM is paused: its devices finish what they have begun, disks are on stable storage, and
 * nothing changes the guest's memory any more. An error was told; state_go_on() is due all the
 * same, unless the VM ends.
 */
enum err state_hold(struct vmm *vmm) MUST_CHECK;
void state_go_on(struct vmm *vmm);

/* Settings, and what must fit elsewhere; of a VM that runs or not. */
enum err state_save_head(struct vmm *vmm, struct stream *s) MUST_CHECK;
/* All but memory; of one that is held. */
enum err state_save(struct vmm *vmm, struct stream *s) MUST_CHECK;

/* A part of the memory: where, as the guest and as this process has it; whole blocks. */
struct state_part {
	uint64_t ipa;
	uint64_t bytes;
	uint8_t *at;
	bool flash;
};
#define STATE_PARTS_MAX 3

uint32_t state_parts(const struct vmm *vmm, struct state_part part[STATE_PARTS_MAX]);

/* ---- a VM that is to become what was written ----------------------------------------------- */

/* What has come. All zeros at first. */
struct state_load {
	bool force; /* disks may be other ones than they were */
	uint64_t seen[32];
	struct vgic_state_dist dist; /* until all vCPUs' have come */
	struct vgic_state_cpu cpu[CAISSON_MAX_VCPUS];
	uint32_t cpus;
	uint32_t starts;
	uint64_t count; /* of the guest's counter */
};

/* Does it belong before memory? Others need the VM in EL2. */
bool state_is_head(uint32_t section_id);
/* After those: have all come? */
enum err state_check_head(struct vmm *vmm, const struct state_load *load,
			  struct stream *s) MUST_CHECK;
/* One section, checked whole and then taken; told in the stream. No vCPU runs. */
enum err state_load(struct vmm *vmm, struct state_load *load, struct stream *s,
		    const struct stream_section *section) MUST_CHECK;
/* A section of memory; the VM is not made yet, so its caches need nothing. */
enum err state_load_memory(struct vmm *vmm, struct statemem *memory, struct stream *s,
			   const struct stream_section *section) MUST_CHECK;
/* After SNAPSHOT_END, or what stands for it: has all of it come, and has nothing failed? */
enum err state_check(struct vmm *vmm, const struct state_load *load, struct stream *s) MUST_CHECK;
/*
 * What is left to do, before a guest of a snapshot runs. An error was told; of a VM that has come
 * from another host all of it is done nevertheless.
 */
enum err state_begin(struct vmm *vmm) MUST_CHECK;

#endif
