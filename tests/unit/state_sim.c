// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/state_sim.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/hub.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/tools_rpc.h"
#include "vmm/wire.h"

struct state_sim *state_sim;

/* ---- what is left out ---------------------------------------------------------------------- */

void say(const char *format, ...)
{
}

void vm_set_irq(struct vm *vm, uint32_t intid, bool level)
{
	if (intid >= ARRAY_SIZE(state_sim->line))
		abort();
	state_sim->line[intid] = level;
}

bool vm_has_ended(struct vm *vm)
{
	return false;
}

void vm_show_memory(struct vm *vm, uint64_t ipa, uint64_t bytes, bool show)
{
}

void *guestmem_at(const struct guestmem *m, uint64_t ipa, uint64_t bytes)
{
	return bits_contains(MACHINE_RAM, m->ram_bytes, ipa, bytes) ? m->ram + (ipa - MACHINE_RAM)
								    : NULL;
}

void guestmem_clean(const void *start, uint64_t bytes)
{
}

void hub_put(struct hub *h, const uint8_t *bytes, size_t count)
{
}

void tools_wake(struct tools *t)
{
}

int wire_listen(const char *path, unsigned int mode)
{
	return -1;
}

enum err worker_start(struct worker *w, const char *name, void (*fn)(void *arg), void *arg)
{
	return ERR_OK;
}

void worker_end(struct worker *w)
{
}

void worker_kick(struct worker *w)
{
}

bool worker_wait(struct worker *w, struct pollfd *fds, uint32_t count)
{
	return false;
}

/* ---- the devices --------------------------------------------------------------------------- */

static bool hold(struct virtio *v)
{
	state_sim->holds++;
	return true;
}

static void go_on(struct virtio *v, bool anew)
{
	state_sim->begins += anew;
}

static void notify(struct virtio *v, uint32_t queue)
{
}

static void must(enum err err)
{
	if (err != ERR_OK)
		abort();
}

void state_sim_open(struct state_sim *sim)
{
	static const struct virtio_ops ops = {.notify = notify, .hold = hold, .go_on = go_on};
	const struct smbios_config machine = {
		.name = "sim", .ram_start = MACHINE_RAM, .ram_bytes = SIM_RAM_BYTES, .cpus = 2};

	memset(sim, 0, sizeof(*sim));
	state_sim = sim;
	sim->ram = aligned_alloc(4096, SIM_RAM_BYTES);
	sim->flash_memory = aligned_alloc(4096, CAISSON_BLOCK_BYTES);
	if (sim->ram == NULL || sim->flash_memory == NULL)
		abort();
	memset(sim->ram, 0, SIM_RAM_BYTES);
	sim->vm.guestmem = (struct guestmem){.ram = sim->ram, .ram_bytes = SIM_RAM_BYTES};
	console_init(&sim->vm.console, &sim->vm, NULL, -1);
	must(bus_add(&sim->vm.bus, &sim->vm.console.device));
	must(rtc_open(&sim->rtc, &sim->vm));
	must(rtc_attach(&sim->rtc));
	must(button_open(&sim->button, &sim->vm));
	must(button_attach(&sim->button));
	must(flash_open_vars(&sim->flash, &sim->vm, MACHINE_FLASH, NULL, false));
	must(flash_load(&sim->flash, sim->flash_memory));
	must(flash_attach(&sim->flash));
	must(fwconfig_open(&sim->fwconfig, &sim->vm, 2));
	must(fwconfig_describe(&sim->fwconfig, &machine));
	must(fwconfig_attach(&sim->fwconfig));
	virtio_init(&sim->virtio, &sim->vm, 0, VIRTIO_ID_BLOCK, 2, BIT(6) | BIT(9), &ops);
	sim->virtio.config[0] = 77;
	must(bus_add(&sim->vm.bus, &sim->virtio.device));
	virtio_serial_open(&sim->serial, &sim->vm, 1, "org.example.0");
	tools_init(&sim->tools, TOOLS_FULL, 100);
}

void state_sim_close(struct state_sim *sim)
{
	tools_free(&sim->tools);
	virtio_serial_close(&sim->serial);
	flash_close(&sim->flash);
	button_close(&sim->button);
	rtc_close(&sim->rtc);
	free(sim->ram);
	free(sim->flash_memory);
}

enum err state_sim_save(struct state_sim *sim, struct stream *s)
{
	enum err err = console_save(&sim->vm.console, s);

	if (err == ERR_OK)
		err = rtc_save(&sim->rtc, s);
	if (err == ERR_OK)
		err = button_save(&sim->button, s);
	if (err == ERR_OK)
		err = flash_save_state(&sim->flash, s, 0);
	if (err == ERR_OK)
		err = fwconfig_save(&sim->fwconfig, s);
	if (err == ERR_OK)
		err = virtio_save(&sim->virtio, s, 0);
	if (err == ERR_OK)
		err = virtio_serial_save(&sim->serial, s, 1);
	return err == ERR_OK ? tools_save(&sim->tools, s) : err;
}

enum err state_sim_load(struct state_sim *sim, struct stream *s,
			const struct stream_section *section)
{
	switch (section->id) {
	case SNAPSHOT_UART:
		return console_load(&sim->vm.console, s, section);
	case SNAPSHOT_RTC:
		return rtc_load(&sim->rtc, s, section);
	case SNAPSHOT_BUTTON:
		return button_load(&sim->button, s, section);
	case SNAPSHOT_FLASH:
		return flash_load_state(&sim->flash, s, section);
	case SNAPSHOT_FWCFG:
		return fwconfig_load(&sim->fwconfig, s, section);
	case SNAPSHOT_VIRTIO:
		return virtio_load(&sim->virtio, s, section);
	case SNAPSHOT_SERIAL:
		return virtio_serial_load(&sim->serial, s, section);
	default:
		return tools_owns(section->id)
			       ? tools_load(&sim->tools, s, section)
			       : stream_fail(s, ERR_UNSUPPORTED, "section %u", section->id);
	}
}
