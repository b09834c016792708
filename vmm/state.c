// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/framestate.h"
#include "vmm/vcpu.h"
#include "vmm/vgicstate.h"
#include "vmm/vmm.h"

/* ---- parts --------------------------------------------------------------------------------- */

uint32_t state_parts(const struct vmm *vmm, struct state_part part[STATE_PARTS_MAX])
{
	struct board_part flash[BOARD_FLASH_PARTS_MAX];
	uint8_t *at = vmm->memory.flash;
	uint32_t parts = 0;

	part[parts++] = (struct state_part){
		.ipa = MACHINE_RAM, .bytes = vmm->memory.ram_bytes, .at = vmm->memory.ram};
	(void)board_flash_bytes(&vmm->board, flash);
	for (uint32_t i = 0; i < ARRAY_SIZE(flash); i++) {
		if (flash[i].bytes != 0)
			part[parts++] = (struct state_part){.ipa = flash[i].ipa,
							    .bytes = flash[i].bytes,
							    .at = at,
							    .flash = true};
		at += flash[i].bytes;
	}
	return parts;
}

enum err state_hold(struct vmm *vmm)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < vmm->devices.slots; i++) {
		if (!virtio_hold(vmm->devices.virtio[i]))
			err = ERR_BUSY;
	}
	return err;
}

void state_go_on(struct vmm *vmm)
{
	for (uint32_t i = 0; i < vmm->devices.slots; i++)
		virtio_go_on(vmm->devices.virtio[i]);
}

/* ---- head ---------------------------------------------------------------------------------- */

static struct snapshot_vm describe_vm(const struct vmm *vmm)
{
	struct board_part flash[BOARD_FLASH_PARTS_MAX];

	(void)board_flash_bytes(&vmm->board, flash);
	return (struct snapshot_vm){.ram_bytes = vmm->memory.ram_bytes,
				    .flash_bytes = {flash[0].bytes, flash[1].bytes},
				    .cpus = vmm->config.cpus,
				    .gic_version = vmm->load.gic_version,
				    .virtio_slots = vmm->devices.slots,
				    .starts = vmm->starts};
}

/* Only of a raw file it is known what its last change was the guest's. */
static struct snapshot_disk describe_disk(const struct vmm *vmm, uint32_t index)
{
	const struct disk_config *config = &vmm->config.disk[index];
	struct snapshot_disk disk = {.format = config->format == DISK_QCOW2,
				     .read_only = config->read_only};
	struct stat status;

	if (config->format == DISK_QCOW2) {
		memcpy(&disk.bytes, vmm->devices.vhost_disk[index].virtio.config,
		       sizeof(disk.bytes));
		disk.bytes *= 512; /* capacity, 5.2.4 */
		return disk;
	}
	disk.bytes = vmm->devices.disk[index].sectors * 512;
	if (fstat(vmm->devices.disk[index].file, &status) == 0 && S_ISREG(status.st_mode)) {
		disk.seconds = status.st_mtim.tv_sec;
		disk.nanoseconds = (uint64_t)status.st_mtim.tv_nsec;
	}
	return disk;
}

static enum err save_baseline(struct vmm *vmm, struct stream *s)
{
	json_t *json = baseline_to_json(&vmm->baseline);
	char *text = json_dumps(json, JSON_COMPACT);
	enum err err = text != NULL ? stream_write(s, SNAPSHOT_IDREGS, 0, 1, text, strlen(text))
				    : ERR_NO_MEMORY;

	free(text);
	json_decref(json);
	return err;
}

/* Before the VM is made: what it was shown of its CPUs, this host must have, too. */
static enum err load_baseline(struct vmm *vmm, struct state_load *load, struct stream *s,
			      const struct stream_section *section)
{
	char why[HOSTINFO_WHY_BYTES] = "";
	enum caisson_time_mode mode;
	struct baseline baseline;
	enum err err = stream_take(s, section, 1, NULL, 0, true);
	json_t *json;

	if (err != ERR_OK)
		return err;
	json = json_loadb((const char *)section->contents, section->bytes, JSON_REJECT_DUPLICATES,
			  NULL);
	err = baseline_from_json(json, &baseline, why);
	json_decref(json);
	if (err == ERR_OK)
		err = baseline_may_move(&baseline, &vmm->here, &mode, why);
	if (err != ERR_OK)
		return stream_fail(s, err, "%s", why);
	vmm->baseline = baseline;
	return ERR_OK;
}

enum err state_save_head(struct vmm *vmm, struct stream *s)
{
	struct snapshot_vm vm = describe_vm(vmm);
	char *text = config_text(&vmm->config, vmm->client.name);
	enum err err;

	if (text == NULL)
		return stream_fail(s, ERR_UNSUPPORTED, "its settings cannot be kept (caisson log)");
	err = stream_write(s, SNAPSHOT_CONFIG, 0, 1, text, strlen(text));
	free(text);
	if (err == ERR_OK)
		err = stream_write(s, SNAPSHOT_VM, 0, 1, &vm, sizeof(vm));
	return err == ERR_OK ? save_baseline(vmm, s) : err;
}

static enum err load_vm(struct vmm *vmm, struct state_load *load, struct stream *s,
			const struct stream_section *section)
{
	const struct snapshot_vm here = describe_vm(vmm);
	struct snapshot_vm vm;
	enum err err = stream_take(s, section, 1, &vm, sizeof(vm), false);

	if (err != ERR_OK)
		return err;
	if (vm.gic_version != here.gic_version)
		return stream_fail(s, ERR_UNSUPPORTED,
				   "its interrupt controller is a GICv%u, and this host has GICv%u",
				   vm.gic_version, here.gic_version);
	for (uint32_t i = 0; i < ARRAY_SIZE(vm.flash_bytes); i++) {
		if (vm.flash_bytes[i] != here.flash_bytes[i])
			return stream_fail(s, ERR_INVALID,
					   "the firmware's %s file has another size",
					   i == 0 ? "own" : "variables'");
	}
	if (vm.ram_bytes != here.ram_bytes || vm.cpus != here.cpus ||
	    vm.virtio_slots != here.virtio_slots)
		return stream_fail(s, ERR_INVALID, "it is not what its settings make");
	load->starts = vm.starts;
	return ERR_OK;
}

/* ---- disks --------------------------------------------------------------------------------- */

static enum err save_disk(struct vmm *vmm, struct stream *s, uint32_t index)
{
	struct snapshot_disk disk = describe_disk(vmm, index);

	return stream_write(s, SNAPSHOT_DISK, index, 1, &disk, sizeof(disk));
}

static enum err load_disk(struct vmm *vmm, struct state_load *load, struct stream *s,
			  const struct stream_section *section)
{
	const struct snapshot_disk here = describe_disk(vmm, section->instance);
	const char *path = vmm->config.disk[section->instance].path;
	struct snapshot_disk disk;
	enum err err = stream_take(s, section, 1, &disk, sizeof(disk), false);

	if (err != ERR_OK)
		return err;
	if (disk.bytes != here.bytes || disk.format != here.format ||
	    disk.read_only != here.read_only)
		return stream_fail(s, ERR_INVALID,
				   "%s is another disk: it has %llu bytes, not %llu", path,
				   (unsigned long long)here.bytes, (unsigned long long)disk.bytes);
	if (load->force || (disk.seconds == 0 && disk.nanoseconds == 0) ||
	    (disk.seconds == here.seconds && disk.nanoseconds == here.nanoseconds))
		return ERR_OK;
	return stream_fail(s, ERR_DENIED,
			   "%s was written since: the guest would destroy it; bring back the disk "
			   "as it was (if it is that: --force)",
			   path);
}

/* ---- time ---------------------------------------------------------------------------------- */

static enum err save_time(struct vmm *vmm, struct stream *s, uint32_t index)
{
	struct hyp_vm_time now;
	struct snapshot_time state = {0};
	enum caisson_status status = hyp_vm_time_get(&vmm->vm.token, &now);

	if (status != CAISSON_OK)
		return stream_fail(s, ERR_INVALID, "time: %s", hyp_status_text(status));
	state.hz = now.hz;
	state.count = now.guest;
	state.mode = now.mode;
	return stream_write(s, SNAPSHOT_TIME, 0, 1, &state, sizeof(state));
}

/* It goes on from there; how the guest keeps time is what it was told when it was made. */
static enum err load_time(struct vmm *vmm, struct state_load *load, struct stream *s,
			  const struct stream_section *section)
{
	enum caisson_time_mode mode;
	struct snapshot_time state;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.reserved != 0 || state.hz != vmm->baseline.time.guest_hz)
		return stream_fail(s, ERR_INVALID, "time: a state that cannot be");
	load->count = state.count;
	if (baseline_set_time(&vmm->baseline, &vmm->vm.token, state.count, vcpu_host_count(),
			      &mode) != ERR_OK)
		return stream_fail(s, ERR_UNSUPPORTED, "time: it cannot be served here");
	return ERR_OK;
}

/* ---- interrupts ---------------------------------------------------------------------------- */

/* All of it is one state, in sections for each vCPU. */
static enum err save_vgic(struct vmm *vmm, struct stream *s, uint32_t index)
{
	static struct vgic_state_dist dist;
	static struct vgic_state_cpu cpu[CAISSON_MAX_VCPUS];
	enum err err = vgicstate_get(&vmm->vm, &dist, cpu);

	if (err != ERR_OK)
		return stream_fail(s, err, "its interrupts cannot be had");
	err = stream_write(s, SNAPSHOT_VGIC_DIST, 0, CAISSON_VGIC_VERSION, &dist, sizeof(dist));
	for (uint32_t i = 0; err == ERR_OK && i < vmm->config.cpus; i++)
		err = stream_write(s, SNAPSHOT_VGIC_CPU, i, CAISSON_VGIC_VERSION, &cpu[i],
				   sizeof(cpu[i]));
	return err;
}

static enum err load_vgic_dist(struct vmm *vmm, struct state_load *load, struct stream *s,
			       const struct stream_section *section)
{
	return stream_take(s, section, CAISSON_VGIC_VERSION, &load->dist, sizeof(load->dist),
			   false);
}

/* Behind the distributor and the vCPUs, in order. */
static enum err load_vgic_cpu(struct vmm *vmm, struct state_load *load, struct stream *s,
			      const struct stream_section *section)
{
	enum err err = stream_take(s, section, CAISSON_VGIC_VERSION, &load->cpu[load->cpus],
				   sizeof(load->cpu[0]), false);

	if (err != ERR_OK)
		return err;
	if (section->instance != load->cpus++)
		return stream_fail(s, ERR_INVALID, "interrupts of vCPU %u: out of their order",
				   section->instance);
	if (load->cpus != vmm->config.cpus)
		return ERR_OK;
	err = vgicstate_set(&vmm->vm, &load->dist, load->cpu);
	return err == ERR_OK ? ERR_OK : stream_fail(s, err, "its interrupts cannot be taken");
}

static enum err save_frame(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return framestate_save(&vmm->vm.token, s);
}

static enum err load_frame(struct vmm *vmm, struct state_load *load, struct stream *s,
			   const struct stream_section *section)
{
	return framestate_load(&vmm->vm.token, s, section);
}

/* ---- devices ------------------------------------------------------------------------------- */

static enum err save_uart(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return console_save(&vmm->vm.console, s);
}

static enum err load_uart(struct vmm *vmm, struct state_load *load, struct stream *s,
			  const struct stream_section *section)
{
	return console_load(&vmm->vm.console, s, section);
}

static enum err save_rtc(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return rtc_save(&vmm->board.rtc, s);
}

static enum err load_rtc(struct vmm *vmm, struct state_load *load, struct stream *s,
			 const struct stream_section *section)
{
	return rtc_load(&vmm->board.rtc, s, section);
}

static enum err save_button(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return button_save(&vmm->board.button, s);
}

static enum err load_button(struct vmm *vmm, struct state_load *load, struct stream *s,
			    const struct stream_section *section)
{
	return button_load(&vmm->board.button, s, section);
}

static enum err save_flash(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return flash_save_state(&vmm->board.flash[index], s, index);
}

static enum err load_flash(struct vmm *vmm, struct state_load *load, struct stream *s,
			   const struct stream_section *section)
{
	return flash_load_state(&vmm->board.flash[section->instance], s, section);
}

static enum err save_fwcfg(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return fwconfig_save(&vmm->board.fwconfig, s);
}

static enum err load_fwcfg(struct vmm *vmm, struct state_load *load, struct stream *s,
			   const struct stream_section *section)
{
	return fwconfig_load(&vmm->board.fwconfig, s, section);
}

static enum err save_virtio(struct vmm *vmm, struct stream *s, uint32_t slot)
{
	return virtio_save(vmm->devices.virtio[slot], s, slot);
}

static enum err load_virtio(struct vmm *vmm, struct state_load *load, struct stream *s,
			    const struct stream_section *section)
{
	return virtio_load(vmm->devices.virtio[section->instance], s, section);
}

static enum err save_console(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return virtio_console_save(&vmm->devices.console, s, index);
}

static enum err load_console(struct vmm *vmm, struct state_load *load, struct stream *s,
			     const struct stream_section *section)
{
	return virtio_console_load(&vmm->devices.console, s, section);
}

static enum err save_serial(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return virtio_serial_save(&vmm->devices.agent, s, index);
}

static enum err load_serial(struct vmm *vmm, struct state_load *load, struct stream *s,
			    const struct stream_section *section)
{
	return virtio_serial_load(&vmm->devices.agent, s, section);
}

static enum err save_tools(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return tools_save(&vmm->tools, s);
}

static enum err load_tools(struct vmm *vmm, struct state_load *load, struct stream *s,
			   const struct stream_section *section)
{
	return tools_load(&vmm->tools, s, section);
}

static enum err save_vcpu(struct vmm *vmm, struct stream *s, uint32_t index)
{
	return vcpu_save(&vmm->vm.vcpu[index], s);
}

static enum err load_vcpu(struct vmm *vmm, struct state_load *load, struct stream *s,
			  const struct stream_section *section)
{
	return vcpu_load(&vmm->vm.vcpu[section->instance], s, section);
}

/* ---- what there is of each ----------------------------------------------------------------- */

static uint32_t one(const struct vmm *vmm)
{
	return 1;
}

static uint32_t disks(const struct vmm *vmm)
{
	return vmm->config.disks;
}

static uint32_t vcpus(const struct vmm *vmm)
{
	return vmm->config.cpus;
}

static uint32_t frames(const struct vmm *vmm)
{
	return (vmm->baseline.time.flags & CAISSON_TIME_FRAME) != 0 ? 1 : 0;
}

static uint32_t banks(const struct vmm *vmm)
{
	return vmm->board.firmware ? ARRAY_SIZE(vmm->board.flash) : 0;
}

static uint32_t fwcfgs(const struct vmm *vmm)
{
	return vmm->board.firmware ? 1 : 0;
}

static uint32_t slots(const struct vmm *vmm)
{
	return vmm->devices.slots;
}

static uint32_t consoles(const struct vmm *vmm)
{
	return vmm->config.console != NULL ? 1 : 0;
}

static uint32_t agents(const struct vmm *vmm)
{
	return vmm->config.agent ? 1 : 0;
}

static uint32_t tools(const struct vmm *vmm)
{
	return vmm->config.tools != TOOLS_OFF ? 1 : 0;
}

/*
 * Sections that a VM has, each instance just once; in the order of writing. What stands in others
 * of the same row's owner (channels, values) may come or not.
 */
static const struct {
	uint32_t id;
	bool head;
	uint32_t (*count)(const struct vmm *vmm);
	enum err (*save)(struct vmm *vmm, struct stream *s, uint32_t index);
	enum err (*load)(struct vmm *vmm, struct state_load *load, struct stream *s,
			 const struct stream_section *section);
} row[] = {
	{SNAPSHOT_VM, true, one, NULL, load_vm},
	{SNAPSHOT_IDREGS, true, one, NULL, load_baseline},
	{SNAPSHOT_DISK, false, disks, save_disk, load_disk},
	{SNAPSHOT_TIME, false, one, save_time, load_time},
	{SNAPSHOT_VCPU, false, vcpus, save_vcpu, load_vcpu},
	{SNAPSHOT_VGIC_DIST, false, one, save_vgic, load_vgic_dist},
	{SNAPSHOT_VGIC_CPU, false, vcpus, NULL, load_vgic_cpu},
	{SNAPSHOT_TIMER_FRAME, false, frames, save_frame, load_frame},
	{SNAPSHOT_UART, false, one, save_uart, load_uart},
	{SNAPSHOT_RTC, false, one, save_rtc, load_rtc},
	{SNAPSHOT_BUTTON, false, one, save_button, load_button},
	{SNAPSHOT_FLASH, false, banks, save_flash, load_flash},
	{SNAPSHOT_FWCFG, false, fwcfgs, save_fwcfg, load_fwcfg},
	{SNAPSHOT_VIRTIO, false, slots, save_virtio, load_virtio},
	{SNAPSHOT_CONSOLE, false, consoles, save_console, load_console},
	{SNAPSHOT_SERIAL, false, agents, save_serial, load_serial},
	{SNAPSHOT_TOOLS, false, tools, save_tools, load_tools},
};
_Static_assert(ARRAY_SIZE(row) <= ARRAY_SIZE(((struct state_load *)0)->seen), "a word for each");

enum err state_save(struct vmm *vmm, struct stream *s)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < ARRAY_SIZE(row); i++) {
		for (uint32_t n = 0; err == ERR_OK && row[i].save != NULL && n < row[i].count(vmm);
		     n++)
			err = row[i].save(vmm, s, n);
	}
	return err;
}

/* ---- load ---------------------------------------------------------------------------------- */

bool state_is_head(uint32_t section_id)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (row[i].id == section_id)
			return row[i].head;
	}
	return false;
}

enum err state_load(struct vmm *vmm, struct state_load *load, struct stream *s,
		    const struct stream_section *section)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (row[i].id != section->id)
			continue;
		if (section->instance >= row[i].count(vmm) ||
		    (load->seen[i] & BIT(section->instance)) != 0)
			return stream_fail(s, ERR_INVALID,
					   "%s %u: there is none, or it came before",
					   stream_name(section->id), section->instance);
		load->seen[i] |= BIT(section->instance);
		return row[i].load(vmm, load, s, section);
	}
	if (tools_owns(section->id) && tools(vmm) != 0)
		return tools_load(&vmm->tools, s, section);
	return stream_fail(s, ERR_UNSUPPORTED, "%s (section %u) does not belong there",
			   stream_name(section->id), section->id);
}

enum err state_load_memory(struct vmm *vmm, struct statemem *memory, struct stream *s,
			   const struct stream_section *section)
{
	struct state_part part[STATE_PARTS_MAX];
	uint32_t parts = state_parts(vmm, part);
	struct statemem_block block;
	enum err err = statemem_read(memory, s, section, &block);

	if (err != ERR_OK)
		return err;
	for (uint32_t i = 0; i < parts; i++) {
		if (!bits_contains(part[i].ipa, part[i].bytes, block.ipa, STATEMEM_BLOCK_BYTES))
			continue;
		statemem_put(&block, part[i].at + (block.ipa - part[i].ipa));
		return ERR_OK;
	}
	return stream_fail(s, ERR_RANGE, "memory at %#llx: there is none",
			   (unsigned long long)block.ipa);
}

static enum err check(struct vmm *vmm, const struct state_load *load, struct stream *s, bool all)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(row); i++) {
		for (uint32_t n = 0; (all || row[i].head) && n < row[i].count(vmm); n++) {
			if ((load->seen[i] & BIT(n)) == 0)
				return stream_fail(s, ERR_INVALID, "%s %u is missing",
						   stream_name(row[i].id), n);
		}
	}
	return ERR_OK;
}

enum err state_check_head(struct vmm *vmm, const struct state_load *load, struct stream *s)
{
	return check(vmm, load, s, false);
}

enum err state_check(struct vmm *vmm, const struct state_load *load, struct stream *s)
{
	/* EL2 took no interrupt line, a disk's back end has died: that was told. */
	if (vm_has_ended(&vmm->vm))
		return stream_fail(s, ERR_INVALID, "the virtual machine cannot be made");
	return check(vmm, load, s, true);
}

enum err state_begin(struct vmm *vmm)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < banks(vmm); i++)
		err = flash_write_back(&vmm->board.flash[i]);
	/* One that came from another host is this one's already, and goes on all the same. */
	if (err != ERR_OK && vmm->incoming == NULL)
		return err;
	for (uint32_t i = 0; i < vmm->devices.slots; i++)
		virtio_begin(vmm->devices.virtio[i]);
	if (tools(vmm) != 0) {
		tools_begin(&vmm->tools);
		/* As after a pause: the guest's clock is to be set. */
		tools_set_paused(&vmm->tools, false);
	}
	return err;
}
