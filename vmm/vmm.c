// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vmm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/infofiles.h"
#include "vmm/kick.h"
#include "vmm/paths.h"
#include "vmm/receive.h"
#include "vmm/say.h"
#include "vmm/vcpu.h"

/* How long a guest may take from the power button to its end: as long as caissond is patient. */
#define AGAIN_S 90

/* ---- what comes from outside ------------------------------------------------------------- */

static void on_vm_event(void *arg, unsigned int events)
{
	struct vmm *vmm = arg;
	uint64_t count;

	if (read(vmm->event, &count, sizeof(count)) < 0)
		return;
	if (vm_has_ended(&vmm->vm))
		loop_stop(&vmm->loop);
	else
		ownconsole_room_again(&vmm->console);
}

static void on_signal(void *arg, unsigned int events)
{
	struct vmm *vmm = arg;

	vm_end(&vmm->vm, VM_STOPPED);
}

static size_t input_room(void *arg)
{
	struct vmm *vmm = arg;

	return ownconsole_room(&vmm->console);
}

static void input(void *arg, const uint8_t *bytes, size_t count)
{
	struct vmm *vmm = arg;

	ownconsole_input(&vmm->console, bytes, count);
}

/* Of the virtio console's thread. */
static void own_output(void *arg, const uint8_t *bytes, size_t count)
{
	struct vmm *vmm = arg;

	hub_put(&vmm->hub, bytes, count);
}

static void own_room(void *arg)
{
	struct vmm *vmm = arg;

	kick_eventfd(vmm->event);
}

static void quit(void *arg)
{
	struct vmm *vmm = arg;

	vm_end(&vmm->vm, VM_STOPPED);
}

/* What the tools in the guest tell goes on to caissond. */
static void on_tools(void *arg, enum tools_event event)
{
	struct vmm *vmm = arg;
	struct tools_report told;
	struct guestreport report;

	tools_get_report(&vmm->tools, &told);
	guestreport_from_tools(&report, &told);
	client_set_guest(&vmm->client, &report);
}

/* What came by the event line, a bit for each vCPU. */
static void on_vcpus(struct vmm *vmm, uint32_t exits, uint32_t wakes)
{
	for (uint32_t i = 0; i < vmm->vm.cpus; i++) {
		if (exits & BIT(i))
			vcpu_announce(&vmm->vm.vcpu[i]);
	}
	vm_wake(&vmm->vm, wakes);
}

static void on_caissond(void *arg, const char *event, const json_t *data)
{
	struct vmm *vmm = arg;

	if (strcmp(event, "lost") == 0) {
		say("caissond does not know this virtual machine any more");
		vm_end(&vmm->vm, VM_FAILED);
	} else if (strcmp(event, "quit") == 0) {
		vm_end(&vmm->vm, VM_STOPPED);
	} else if (strcmp(event, "powerdown") == 0) {
		vmm_press_button(vmm, false);
	} else if (strcmp(event, "restart") == 0) {
		vmm_press_button(vmm, true);
	} else if (strcmp(event, "console") == 0) {
		ownconsole_read_line(&vmm->console);
	} else if (strcmp(event, "vcpus") == 0) {
		on_vcpus(vmm, (uint32_t)json_integer_value(json_object_get(data, "exit")),
			 (uint32_t)json_integer_value(json_object_get(data, "wake")));
	}
}

static time_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void vmm_press_button(struct vmm *vmm, bool again)
{
	vmm->again_until = again ? now_s() + AGAIN_S : 0;
	button_press(&vmm->board.button);
	control_tell(&vmm->control, "POWERDOWN", NULL);
}

void vmm_pause(struct vmm *vmm)
{
	if (vm_is_paused(&vmm->vm))
		return;
	vm_pause(&vmm->vm);
	tools_set_paused(&vmm->tools, true);
	client_set_paused(&vmm->client, true);
	control_tell(&vmm->control, "STOP", NULL);
}

void vmm_resume(struct vmm *vmm)
{
	if (!vm_is_paused(&vmm->vm))
		return;
	vm_resume(&vmm->vm);
	tools_set_paused(&vmm->tools, false);
	client_set_paused(&vmm->client, false);
	control_tell(&vmm->control, "RESUME", NULL);
}

/* ---- begin and end ----------------------------------------------------------------------- */

static enum err open_loop(struct vmm *vmm)
{
	static const int number[] = {SIGINT, SIGTERM, SIGHUP};
	const struct hub_sink sink = {.room = input_room, .input = input, .quit = quit, .arg = vmm};
	enum err err = loop_init(&vmm->loop);

	(void)signal(SIGPIPE, SIG_IGN);
	vcpu_init_process();
	vmm->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (err == ERR_OK && vmm->event < 0)
		err = ERR_NO_MEMORY;
	if (err == ERR_OK)
		err = loop_add_fd(&vmm->loop, &vmm->vm_event, vmm->event, LOOP_READ, on_vm_event,
				  vmm);
	for (uint32_t i = 0; err == ERR_OK && i < ARRAY_SIZE(number); i++)
		err = loop_add_signal(&vmm->loop, &vmm->signal[i], number[i], on_signal, vmm);
	if (err != ERR_OK) {
		say("cannot wait for events: %s", strerror(errno));
		return err;
	}
	return hub_init(&vmm->hub, &vmm->loop, &sink);
}

static enum err open_memory(struct vmm *vmm)
{
	struct board_part part[BOARD_FLASH_PARTS_MAX];
	uint64_t ram_bytes = vmm->config.ram_bytes;
	uint64_t flash_bytes = board_flash_bytes(&vmm->board, part);
	int file;
	enum err err;

	if (vmm->incoming != NULL)
		client_set_note(&vmm->client, "arriving");
	err = client_create(&vmm->client, &vmm->config, memory_bytes(ram_bytes, flash_bytes),
			    &file);

	if (err == ERR_OK)
		err = memory_map(&vmm->memory, file, ram_bytes, flash_bytes);
	return err;
}

enum err vmm_listen(struct vmm *vmm)
{
	char path[PATHS_MAX];
	enum err err;

	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s/" PATHS_CONSOLE, vmm->client.name);
	err = hub_listen(&vmm->hub, path);
	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s/" PATHS_CONTROL, vmm->client.name);
	if (err == ERR_OK)
		err = control_listen(&vmm->control, vmm, path);
	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s/" PATHS_AGENT, vmm->client.name);
	if (err == ERR_OK && vmm->config.agent)
		err = virtio_serial_listen(&vmm->devices.agent, path);
	return err;
}

/* What the guest is told of its timer. */
static void describe_time(struct vmm *vmm)
{
	const struct timemode *time = &vmm->baseline.time;

	baseline_restart(&vmm->baseline, &vmm->here);
	vmm->load.timer = time->flags & CAISSON_TIME_FRAME    ? GUESTDT_TIMER_FRAME
			  : time->flags & CAISSON_TIME_MASKED ? GUESTDT_TIMER_MASKED
							      : GUESTDT_TIMER_ANY;
	vmm->load.counter_hz = (uint32_t)time->guest_hz;
}

/* What the guest finds in its memory. */
static enum err fill_memory(struct vmm *vmm, struct load_result *guest)
{
	enum err err = board_load(&vmm->board, vmm->memory.flash);

	if (err == ERR_OK && vmm->restore != NULL)
		return restore_memory(vmm->restore, vmm);
	if (err == ERR_OK && vmm->incoming != NULL)
		return ERR_OK; /* it comes when there is a VM for it */
	describe_time(vmm);
	return err == ERR_OK ? load_guest(&vmm->load, vmm->memory.ram, vmm->memory.ram_bytes, guest)
			     : err;
}

/* From the moment on when it is this host's nothing may fail any more. */
static enum err let_in(struct vmm *vmm)
{
	if (receive_vm(vmm->incoming, vmm) != ERR_OK) {
		vm_end(&vmm->vm, VM_FAILED);
		return ERR_DENIED;
	}
	vmm->starts = vmm->incoming->load.starts;
	receive_run(vmm->incoming, vmm);
	receive_end(vmm->incoming);
	vmm->incoming = NULL;
	return ERR_OK;
}

/* Its first instruction, or where it stood. */
static enum err let_go(struct vmm *vmm, const struct load_result *guest)
{
	enum err err = ERR_OK;

	if (vmm->incoming != NULL)
		return let_in(vmm);
	if (vmm->restore == NULL) {
		err = vm_start(&vmm->vm, guest);
		vmm->starts += err == ERR_OK;
		return err;
	}
	if (restore_state(vmm->restore, vmm) != ERR_OK || state_begin(vmm) != ERR_OK) {
		vm_end(&vmm->vm, VM_FAILED);
		return ERR_INVALID;
	}
	vmm->starts = vmm->restore->load.starts;
	restore_close(vmm->restore);
	vmm->restore = NULL;
	return vm_go_on(&vmm->vm);
}

/* From zeroed memory to the guest's end. */
static enum vm_end run_once(struct vmm *vmm, void (*started)(struct vmm *vmm))
{
	struct load_result guest;
	struct vm *vm = &vmm->vm;
	enum vm_end end;

	if (fill_memory(vmm, &guest) != ERR_OK ||
	    vm_create(vm, &vmm->client, &vmm->memory, &vmm->board, vmm->config.cpus,
		      vmm->config.tools != TOOLS_OFF ? &vmm->tools : NULL,
		      baseline_ctr(&vmm->baseline, &vmm->here), &vmm->hub, vmm->event) != ERR_OK)
		return VM_FAILED;
	vm->ptp = vmm->config.ptp;
	vmm->tools.mhz = vcpu_mhz(vmm->baseline.time.guest_hz);
	if (baseline_start(&vmm->baseline, &vmm->here, &vm->token) != ERR_OK ||
	    board_attach(&vmm->board) != ERR_OK || devices_attach(&vmm->devices) != ERR_OK) {
		vm_end(vm, VM_FAILED);
	} else if (let_go(vmm, &guest) == ERR_OK) {
		if (!vmm->begun_told)
			started(vmm);
		vmm->begun_told = true;
		ownconsole_room_again(&vmm->console);
		if (loop_run(&vmm->loop) != ERR_OK)
			vm_end(vm, VM_FAILED);
	}
	snapshot_drop(&vmm->snapshot);
	migrate_drop(&vmm->migrate);
	vm_join(vm);
	tools_reset(&vmm->tools);
	ownconsole_end(&vmm->console);
	board_detach(&vmm->board);
	devices_detach(&vmm->devices);
	end = (enum vm_end)atomic_load(&vm->end);
	return vm_destroy(vm) == ERR_OK ? end : VM_FAILED;
}

static bool is_to_go_on(const struct vmm *vmm, enum vm_end end)
{
	return end == VM_OFF && now_s() < vmm->again_until;
}

static enum vm_end run_until_off(struct vmm *vmm, void (*started)(struct vmm *vmm))
{
	enum vm_end end;

	while ((end = run_once(vmm, started)) == VM_RESET || is_to_go_on(vmm, end)) {
		vmm->again_until = 0;
		control_tell(&vmm->control, "RESET", NULL);
		memory_clear(&vmm->memory);
	}
	control_tell(&vmm->control, "SHUTDOWN",
		     json_pack("{s:b,s:s}", "guest", end == VM_OFF, "reason",
			       end == VM_OFF      ? "guest-shutdown"
			       : end == VM_MOVED  ? "migrated"
			       : end == VM_FAILED ? "failed"
						  : "host"));
	return end;
}

/* What is missing is told before memory is set aside. */
static enum err open_all(struct vmm *vmm)
{
	enum err err = open_loop(vmm);

	if (err == ERR_OK)
		err = board_open(&vmm->board, &vmm->vm, &vmm->config);
	if (err == ERR_OK)
		err = devices_open(&vmm->devices, &vmm->vm, &vmm->config, &vmm->own);
	vmm->load.virtio_slots = vmm->devices.slots;
	if (err == ERR_OK && vmm->restore == NULL && vmm->incoming == NULL)
		err = infofiles_load(&vmm->config, &vmm->tools);
	if (err == ERR_OK)
		err = open_memory(vmm);
	if (err == ERR_OK)
		err = board_describe(&vmm->board, &vmm->config, vmm->client.name);
	if (err == ERR_OK && vmm->config.tools != TOOLS_OFF)
		err = tools_open(&vmm->tools, &vmm->loop);
	tools_listen(&vmm->tools, on_tools, vmm);
	if (err == ERR_OK)
		err = snapshot_open(&vmm->snapshot, vmm);
	if (err == ERR_OK)
		err = migrate_open(&vmm->migrate, vmm);
	if (err == ERR_OK)
		err = client_attach(&vmm->client, &vmm->loop, on_caissond, vmm);
	return err == ERR_OK && vmm->incoming == NULL ? vmm_listen(vmm) : err;
}

static enum err make_baseline(struct vmm *vmm)
{
	const struct baseline_wish wish = {.hosts_path = vmm->config.migratable,
					   .firmware = vmm->config.kernel == NULL,
					   .masked = vmm->config.masked_time,
					   .tools = vmm->config.tools != TOOLS_OFF};
	enum err err = hostinfo_read(&vmm->here);

	/* It comes with the VM's state. */
	if (vmm->restore != NULL || vmm->incoming != NULL)
		return err;
	return err == ERR_OK ? baseline_make(&vmm->baseline, &vmm->here, &wish) : err;
}

/* Also tells how the guest's interrupt controller is to be described. */
static enum err check_cpus(struct vmm *vmm)
{
	vmm->load.gic_version = hyp_gic_version();
	if (vmm->load.gic_version == 2 && vmm->config.cpus > CAISSON_MAX_VCPUS_GICV2) {
		say("this host has a GICv2, and virtual machines of up to %u vCPUs",
		    CAISSON_MAX_VCPUS_GICV2);
		return ERR_RANGE;
	}
	return ERR_OK;
}

enum vm_end vmm_run(struct vmm *vmm, bool own_console, void (*started)(struct vmm *vmm))
{
	enum vm_end end = VM_FAILED;

	tools_init(&vmm->tools, vmm->config.tools, 0);
	vmm->own = (struct virtio_console_own){.output = own_output, .room = own_room, .arg = vmm};
	vmm->console = (struct ownconsole){
		.hub = &vmm->hub,
		.vm = &vmm->vm,
		.virtio = config_has_own_console(&vmm->config) ? &vmm->devices.console : NULL};
	vmm->load = (struct load_config){.kernel = vmm->config.kernel,
					 .initrd = vmm->config.initrd,
					 .bootargs = vmm->config.append,
					 .cpus = vmm->config.cpus,
					 .vmware = vmm->config.tools != TOOLS_OFF};
	vmm->memory = (struct memory){.file = -1, .ring = -1};
	(void)clock_gettime(CLOCK_MONOTONIC, &vmm->begun);
	if (hyp_find() != ERR_OK || check_cpus(vmm) != ERR_OK || make_baseline(vmm) != ERR_OK ||
	    (vmm->restore == NULL && load_check(&vmm->load) != ERR_OK) ||
	    client_open(&vmm->client) != ERR_OK)
		return VM_FAILED;
	if (open_all(vmm) == ERR_OK && (!own_console || hub_add_own(&vmm->hub) == ERR_OK))
		end = run_until_off(vmm, started);
	hub_close(&vmm->hub);
	control_close(&vmm->control);
	snapshot_close(&vmm->snapshot);
	migrate_close(&vmm->migrate);
	loop_remove(&vmm->announce);
	devices_close(&vmm->devices);
	dirty_close(&vmm->vm.dirty);
	board_close(&vmm->board);
	memory_unmap(&vmm->memory);
	client_close(&vmm->client);
	tools_close(&vmm->tools);
	tools_free(&vmm->tools);
	return end;
}
