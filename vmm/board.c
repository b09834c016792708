// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/board.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "lib/siphash.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vm.h"

#define FIRMWARE 0
#define VARS     1

/* The worker: timers that go off. */
static void attend_timers(void *arg)
{
	struct board *b = arg;
	struct pollfd timer[] = {{.fd = b->rtc.alarm, .events = POLLIN},
				 {.fd = b->button.release, .events = POLLIN}};

	while (worker_wait(&b->worker, timer, ARRAY_SIZE(timer))) {
		rtc_tick(&b->rtc);
		button_tick(&b->button);
	}
}

static enum err open_firmware(struct board *b, struct vm *vm, const struct vm_config *config)
{
	enum err err =
		flash_open_firmware(&b->flash[FIRMWARE], vm, MACHINE_FLASH, config->firmware);

	if (err == ERR_OK)
		err = flash_open_vars(&b->flash[VARS], vm, MACHINE_FLASH + CFIFLASH_BYTES,
				      config->flash_vars, config->vars_later);
	if (err == ERR_OK)
		err = fwconfig_open(&b->fwconfig, vm, config->cpus);
	return err;
}

enum err board_open(struct board *b, struct vm *vm, const struct vm_config *config)
{
	enum err err = ERR_OK;

	*b = (struct board){.firmware = config->firmware != NULL};
	if (b->firmware)
		err = open_firmware(b, vm, config);
	if (err == ERR_OK)
		err = rtc_open(&b->rtc, vm);
	if (err == ERR_OK)
		err = button_open(&b->button, vm);
	if (err == ERR_OK)
		err = worker_start(&b->worker, "board", attend_timers, b);
	return err;
}

void board_close(struct board *b)
{
	worker_end(&b->worker);
	button_close(&b->button);
	rtc_close(&b->rtc);
	for (uint32_t i = 0; i < ARRAY_SIZE(b->flash); i++)
		flash_close(&b->flash[i]);
}

/*
 * The same for each start of a VM of this name on this host: an RFC 9562 UUID of version 8, made
 * of the host's machine-id(5) and the name. A host without one has the same as others like it.
 */
static void make_uuid(const char *name, uint8_t uuid[SMBIOS_UUID_BYTES])
{
	char id[33] = "";
	FILE *file = fopen("/etc/machine-id", "re");
	struct siphash128 key = {0};

	if (file != NULL) {
		if (fgets(id, sizeof(id), file) == NULL)
			id[0] = '\0';
		(void)fclose(file);
	}
	key = siphash128(&key, id, strlen(id));
	key = siphash128(&key, name, strlen(name));
	for (uint32_t i = 0; i < SMBIOS_UUID_BYTES; i++)
		uuid[i] = key.word[i / 8] >> (8 * (i % 8));
	uuid[6] = (uuid[6] & 0x0f) | 0x80; /* version 8 */
	uuid[8] = (uuid[8] & 0x3f) | 0x80; /* variant */
}

enum err board_describe(struct board *b, const struct vm_config *config, const char *name)
{
	struct smbios_config machine = {.name = name,
					.ram_start = MACHINE_RAM,
					.ram_bytes = config->ram_bytes,
					.cpus = config->cpus,
					.vmware = config->tools != TOOLS_OFF};
	enum err err;

	if (!b->firmware)
		return ERR_OK;
	make_uuid(name, machine.uuid);
	err = fwconfig_describe(&b->fwconfig, &machine);
	if (err != ERR_OK)
		say("cannot describe the machine to firmware");
	return err;
}

uint64_t board_flash_bytes(const struct board *b, struct board_part part[BOARD_FLASH_PARTS_MAX])
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(b->flash); i++) {
		part[i].ipa = b->flash[i].device.base;
		part[i].bytes = b->flash[i].memory_bytes;
		bytes += part[i].bytes;
	}
	return bytes;
}

enum err board_load(struct board *b, uint8_t *flash)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && b->firmware && i < ARRAY_SIZE(b->flash); i++) {
		err = flash_load(&b->flash[i], flash);
		flash += b->flash[i].memory_bytes;
	}
	return err;
}

enum err board_attach(struct board *b)
{
	enum err err = rtc_attach(&b->rtc);

	if (err == ERR_OK)
		err = button_attach(&b->button);
	for (uint32_t i = 0; err == ERR_OK && b->firmware && i < ARRAY_SIZE(b->flash); i++)
		err = flash_attach(&b->flash[i]);
	return err == ERR_OK && b->firmware ? fwconfig_attach(&b->fwconfig) : err;
}

void board_detach(struct board *b)
{
	rtc_detach(&b->rtc);
	button_detach(&b->button);
}
