// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cfiflash.h"
#include "tests/unit/state_sim.h"
#include "vmm/machine.h"
#include "vmm/tools_rpc.h"

/* The state of devices: what is saved, loaded and saved again is the same, and bad ones are seen.
 */

#define IMAGE_BYTES 131072

struct image {
	size_t bytes;
	uint8_t byte[IMAGE_BYTES];
};

static struct state_sim first, second;

/* ---- a machine with something in every register ------------------------------------------- */

static void put(uint64_t ipa, unsigned int bytes, uint64_t value)
{
	struct device *last = NULL;

	assert_int_equal(bus_access(&state_sim->vm.bus, &last, ipa, bytes, true, &value), ERR_OK);
}

static uint64_t look(uint64_t ipa, unsigned int bytes)
{
	struct device *last = NULL;
	uint64_t value = 0;

	assert_int_equal(bus_access(&state_sim->vm.bus, &last, ipa, bytes, false, &value), ERR_OK);
	return value;
}

static void set_up_queue(uint32_t index, uint64_t at)
{
	put(MACHINE_VIRTIO + 0x30, 4, index);
	put(MACHINE_VIRTIO + 0x38, 4, 8);
	put(MACHINE_VIRTIO + 0x80, 4, at);
	put(MACHINE_VIRTIO + 0x90, 4, at + 0x100);
	put(MACHINE_VIRTIO + 0xa0, 4, at + 0x200);
	put(MACHINE_VIRTIO + 0x44, 4, 1);
}

static void drive_virtio(struct state_sim *sim)
{
	put(MACHINE_VIRTIO + 0x70, 4, 3);
	put(MACHINE_VIRTIO + 0x24, 4, 1);
	put(MACHINE_VIRTIO + 0x20, 4, 1); /* VERSION_1 */
	put(MACHINE_VIRTIO + 0x24, 4, 0);
	put(MACHINE_VIRTIO + 0x20, 4, BIT(9));
	put(MACHINE_VIRTIO + 0x70, 4, 11);
	set_up_queue(0, MACHINE_RAM + 0x1000);
	set_up_queue(1, MACHINE_RAM + 0x2000);
	put(MACHINE_VIRTIO + 0x70, 4, 15);
	assert_true(virtio_is_live(&sim->virtio));
	virtqueue_seek(&sim->virtio.queue[0].ring, 65530, 65529);
	virtio_interrupt(&sim->virtio);
}

/* A channel with half a message in and one out. */
static void drive_tools(struct tools *t)
{
	struct gtchannel_call call = {.type = GTCHANNEL_OPEN,
				      .value = GTCHANNEL_RPCI | GTCHANNEL_WITH_COOKIE};
	struct gtchannel_answer answer = gtchannel_call(&t->channels, &call, 1);
	uint8_t *message = tools_allocate(t, 9);

	memcpy(message, "1 message", 9);
	call = (struct gtchannel_call){.type = GTCHANNEL_SENDSIZE,
				       .id = answer.tag,
				       .value = 10,
				       .cookie = {answer.cookie[0], answer.cookie[1]}};
	(void)gtchannel_call(&t->channels, &call, 1);
	call.type = GTCHANNEL_SENDPAYLOAD;
	(void)gtchannel_call(&t->channels, &call, 1);
	gtchannel_post(&t->channels, answer.tag, message, 9);
	assert_int_equal(tools_info_set(t, "guestinfo.a", (const uint8_t *)"value", 5, 0), ERR_OK);
	assert_int_equal(tools_info_set(t, "guestinfo.gone", (const uint8_t *)"x", 1, 1), ERR_OK);
	guestinfo_was_read(&t->info, "guestinfo.gone");
	(void)strcpy(t->report.host_name, "guest");
	t->report.nics.cards = 1;
	(void)strcpy(t->report.nics.card[0].mac, "00:11:22:33:44:55");
	t->report.nics.card[0].addresses = t->report.nics.card[0].addresses_told = 1;
	t->report.nics.card[0].address[0] =
		(struct gtnic_address){.bytes = {192, 0, 2, 1}, .count = 4, .prefix = 24};
}

static void drive(struct state_sim *sim)
{
	state_sim = sim;
	put(MACHINE_UART + PL011_IMSC, 4, PL011_INT_RX);
	put(MACHINE_UART + PL011_IBRD, 4, 13);
	put(MACHINE_UART + PL011_DR, 4, 'x');
	console_input(&sim->vm.console, (const uint8_t *)"typed", 5);
	assert_true(sim->line[MACHINE_SPI(MACHINE_UART_SPI)]);
	put(MACHINE_RTC + PL031_MR, 4, 5);
	put(MACHINE_RTC + PL031_IMSC, 4, 1);
	put(MACHINE_RTC + PL031_LR, 4, 1000);
	put(MACHINE_GPIO + PL061_IE, 4, BIT(MACHINE_GPIO_BUTTON));
	put(MACHINE_GPIO + PL061_IBE, 4, BIT(MACHINE_GPIO_BUTTON));
	button_press(&sim->button);
	put(MACHINE_FLASH + 0x40000, 4, 0xe800e8);
	put(MACHINE_FLASH + 0x40000, 4, 0x10001);
	put(MACHINE_FLASH + 0x40010, 4, 0x12345678);
	put(MACHINE_FWCFG + FWCFG_SELECTOR, 2, 0x1900); /* big-endian: the directory */
	(void)look(MACHINE_FWCFG + FWCFG_DATA, 4);
	drive_virtio(sim);
	sim->serial.port.device_ready = sim->serial.port.port_ready = sim->serial.port.open = true;
	drive_tools(&sim->tools);
}

static void save(struct state_sim *sim, struct image *image)
{
	int fd = memfd_create("state", MFD_CLOEXEC);
	struct stream s;

	state_sim = sim;
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	assert_int_equal(stream_begin(&s, SNAPSHOT_FILE), ERR_OK);
	assert_int_equal(state_sim_save(sim, &s), ERR_OK);
	assert_int_equal(stream_write(&s, SNAPSHOT_END, 0, 1, NULL, 0), ERR_OK);
	image->bytes = atomic_load(&s.bytes);
	assert_true(image->bytes <= IMAGE_BYTES);
	assert_int_equal(pread(fd, image->byte, IMAGE_BYTES, 0), image->bytes);
	stream_close(&s);
	(void)close(fd);
}

/* change: called for each section, before it is loaded, with a copy that it may change. */
static enum err load(struct state_sim *sim, const struct image *image, char error[256],
		     void (*change)(struct stream_section *section, uint8_t *bytes))
{
	int fd = memfd_create("state", MFD_CLOEXEC);
	struct stream_section section = {0};
	struct snapshot_header header;
	struct stream s;
	enum err err;

	state_sim = sim;
	assert_int_equal(write(fd, image->byte, image->bytes), image->bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	err = stream_open(&s, SNAPSHOT_FILE, &header);
	while (err == ERR_OK) {
		err = stream_read(&s, &section);
		if (err != ERR_OK || section.id == SNAPSHOT_END)
			break;

		/* The sanitizer knows its end. */
		uint8_t *copy = malloc(section.bytes);

		memcpy(copy, section.contents, section.bytes);
		section.contents = copy;
		if (change != NULL)
			change(&section, copy);
		err = state_sim_load(sim, &s, &section);
		free(copy);
	}
	assert_true((err == ERR_OK) == (stream_error(&s)[0] == '\0'));
	(void)strcpy(error, stream_error(&s));
	stream_close(&s);
	(void)close(fd);
	return err;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_round_trip(void **unused)
{
	static struct image before, after;
	char error[256];

	state_sim_open(&first);
	drive(&first);
	assert_true(virtio_hold(&first.virtio));
	assert_false(virtio_is_live(&first.virtio));
	assert_int_equal(first.holds, 1);
	save(&first, &before);
	virtio_go_on(&first.virtio);
	assert_true(virtio_is_live(&first.virtio));
	assert_int_equal(first.begins, 0);

	state_sim_open(&second);
	assert_int_equal(load(&second, &before, error, NULL), ERR_OK);
	save(&second, &after);
	assert_int_equal(before.bytes, after.bytes);
	/* But for the header, which has the time. */
	assert_memory_equal(before.byte + sizeof(struct snapshot_header),
			    after.byte + sizeof(struct snapshot_header),
			    before.bytes - sizeof(struct snapshot_header));
	assert_memory_equal(first.line, second.line, sizeof(first.line));
	assert_false(virtio_is_live(&second.virtio));
	virtio_begin(&second.virtio);
	assert_true(virtio_is_live(&second.virtio));
	assert_int_equal(second.begins, 1);
	assert_int_equal(second.virtio.queue[0].ring.avail_next, 65530);

	/* And it works as it did: what was typed, the rest of a buffered program, the directory. */
	assert_int_equal(look(MACHINE_UART + PL011_DR, 4), 't');
	put(MACHINE_FLASH + 0x40014, 4, 0);
	put(MACHINE_FLASH + 0x40000, 4, 0xd000d0);
	put(MACHINE_FLASH, 4, 0xff00ff);
	assert_int_equal(look(MACHINE_FLASH + 0x40010, 4), 0x12345678);
	assert_int_equal(look(MACHINE_FWCFG + FWCFG_DATA, 1), 0);
	state_sim_close(&first);
	state_sim_close(&second);
}

/* EL2 is told of each line, whatever it has been before. */
static void test_lines(void **unused)
{
	static struct image image;
	char error[256];

	state_sim_open(&first);
	save(&first, &image);
	state_sim_open(&second);
	second.line[MACHINE_SPI(MACHINE_UART_SPI)] = true;
	second.line[MACHINE_SPI(MACHINE_RTC_SPI)] = true;
	second.line[MACHINE_SPI(MACHINE_GPIO_SPI)] = true;
	second.line[MACHINE_SPI(MACHINE_VIRTIO_SPI)] = true;
	assert_int_equal(load(&second, &image, error, NULL), ERR_OK);
	assert_memory_equal(first.line, second.line, sizeof(first.line));
	state_sim_close(&first);
	state_sim_close(&second);
}

static void test_guest_tools(void **unused)
{
	static struct image image;
	const struct guestinfo_entry *gone;
	char error[256];
	uint8_t *value;
	size_t bytes;

	state_sim_open(&first);
	drive(&first);
	save(&first, &image);
	state_sim_open(&second);
	assert_int_equal(load(&second, &image, error, NULL), ERR_OK);
	tools_begin(&second.tools);
	assert_int_equal(tools_info_get(&second.tools, "guestinfo.a", &value, &bytes), ERR_OK);
	assert_memory_equal(value, "value", 5);
	free(value);
	gone = guestinfo_get(&second.tools.info, "guestinfo.gone");
	assert_non_null(gone);
	assert_null(gone->value);
	assert_true(gtchannel_is_open(&second.tools.channels, 0, GTCHANNEL_RPCI));
	assert_int_equal(second.tools.channels.channel[0].in_done, 4);
	assert_memory_equal(second.tools.channels.channel[0].out, "1 message", 9);
	assert_string_equal(second.tools.report.host_name, "guest");
	/* It never was the one that takes orders. */
	assert_false(second.tools.report.running);
	state_sim_close(&first);
	state_sim_close(&second);
}

/* A driver that asks for what there is not, and gets no further, is no reason not to go on. */
static void test_features_not_taken(void **unused)
{
	static struct image image;
	char error[256];

	state_sim_open(&first);
	put(MACHINE_VIRTIO + 0x70, 4, 3);
	put(MACHINE_VIRTIO + 0x20, 4, UINT32_MAX);
	put(MACHINE_VIRTIO + 0x70, 4, 11);
	assert_int_equal(look(MACHINE_VIRTIO + 0x70, 4), 3);
	save(&first, &image);
	state_sim_open(&second);
	assert_int_equal(load(&second, &image, error, NULL), ERR_OK);
	assert_int_equal(second.virtio.driver_features, UINT32_MAX);
	put(MACHINE_VIRTIO + 0x70, 4, 11);
	assert_int_equal(look(MACHINE_VIRTIO + 0x70, 4), 3);
	state_sim_close(&first);
	state_sim_close(&second);
}

/* What a driver writes about a queue that is ready changes nothing of it, nor of its state. */
static void test_ready_queue(void **unused)
{
	static struct image before, after;

	state_sim_open(&first);
	drive(&first);
	put(MACHINE_VIRTIO + 0x30, 4, 0);
	save(&first, &before);
	put(MACHINE_VIRTIO + 0x38, 4, 3);
	put(MACHINE_VIRTIO + 0xa4, 4, 1);
	save(&first, &after);
	assert_memory_equal(before.byte + sizeof(struct snapshot_header),
			    after.byte + sizeof(struct snapshot_header),
			    before.bytes - sizeof(struct snapshot_header));
	state_sim_close(&first);
}

static uint32_t wanted_id;
static uint32_t wanted_offset;
static uint8_t wanted_value;

static void change_byte(struct stream_section *section, uint8_t *bytes)
{
	if (section->id == wanted_id)
		bytes[wanted_offset] = wanted_value;
}

static void test_bad_states(void **unused)
{
#define FIELD(type, field) offsetof(struct snapshot_##type, field)
	static const struct {
		uint32_t id;
		uint32_t offset;
		uint8_t value;
		enum err err;
	} table[] = {
		{SNAPSHOT_UART, FIELD(uart, rx_bytes) + 1, 5, ERR_INVALID},
		{SNAPSHOT_UART, FIELD(uart, overrun), 2, ERR_INVALID},
		{SNAPSHOT_UART, FIELD(uart, ris) + 3, 1, ERR_INVALID},
		{SNAPSHOT_RTC, FIELD(rtc, armed), 2, ERR_INVALID},
		{SNAPSHOT_BUTTON, FIELD(button, input), 0x80, ERR_INVALID},
		{SNAPSHOT_BUTTON, FIELD(button, presses), 99, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, mode), 4, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, cycle), 7, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, words_left) + 2, 1, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, words_left), 0, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, buffer_base) + 3, 0xff, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, buffer_base), 4, ERR_INVALID},
		{SNAPSHOT_FLASH, FIELD(flash, high) + 2, 1, ERR_INVALID},
		{SNAPSHOT_FWCFG, FIELD(fwcfg, key), 0x77, ERR_RANGE},
		{SNAPSHOT_FWCFG, FIELD(fwcfg, position) + 3, 1, ERR_RANGE},
		{SNAPSHOT_FWCFG, FIELD(fwcfg, tables_bytes) + 1, 0xff, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, id), 9, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, features) + 7, 1, ERR_UNSUPPORTED},
		{SNAPSHOT_VIRTIO, FIELD(virtio, features) + 4, 0, ERR_INVALID}, /* VERSION_1 */
		{SNAPSHOT_VIRTIO, FIELD(virtio, status), 4, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, status) + 1, 1, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, interrupt_status), 4, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, config), 78, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, queue), 8, ERR_INVALID}, /* not aligned */
		{SNAPSHOT_VIRTIO, FIELD(virtio, queue) + 5, 8, ERR_INVALID},
		{SNAPSHOT_VIRTIO, FIELD(virtio, queue) + 24, 3, ERR_INVALID}, /* size */
		{SNAPSHOT_VIRTIO, FIELD(virtio, queue) + 28, 2, ERR_INVALID}, /* ready */
		{SNAPSHOT_SERIAL, FIELD(serial, device_ready), 0, ERR_INVALID},
		{SNAPSHOT_SERIAL, FIELD(serial, due), 4, ERR_INVALID},
		{SNAPSHOT_TOOLS, FIELD(tools, main), 129, ERR_INVALID},
		{SNAPSHOT_TOOLS, FIELD(tools, nics), 17, ERR_INVALID},
		{SNAPSHOT_TOOLS, FIELD(tools, host_name), '\n', ERR_INVALID},
		{SNAPSHOT_TOOLS, FIELD(tools, nic[0].addresses), 9, ERR_INVALID},
		{SNAPSHOT_TOOLS, FIELD(tools, nic[0].address[0].count), 5, ERR_INVALID},
		{SNAPSHOT_CHANNEL, FIELD(channel, protocol), 1, ERR_INVALID},
		{SNAPSHOT_CHANNEL, FIELD(channel, talk), 9, ERR_INVALID},
		{SNAPSHOT_CHANNEL, FIELD(channel, in_bytes), 3, ERR_INVALID},
		{SNAPSHOT_CHANNEL, FIELD(channel, out_bytes), 8, ERR_INVALID},
		{SNAPSHOT_CHANNEL, FIELD(channel, out_done), 10, ERR_INVALID},
		{SNAPSHOT_GUESTINFO, FIELD(guestinfo, key), 'x', ERR_INVALID},
		{SNAPSHOT_GUESTINFO, FIELD(guestinfo, side), 2, ERR_INVALID},
	};
#undef FIELD
	static struct image image;
	char error[256];

	state_sim_open(&first);
	drive(&first);
	save(&first, &image);
	for (uint32_t i = 0; i < ARRAY_SIZE(table); i++) {
		wanted_id = table[i].id;
		wanted_offset = table[i].offset;
		wanted_value = table[i].value;
		state_sim_open(&second);
		if (load(&second, &image, error, change_byte) != table[i].err)
			fail_msg("row %u: %s", i, error);
		state_sim_close(&second);
	}
	state_sim_close(&first);
}

static void cut_contents(struct stream_section *section, uint8_t *bytes)
{
	if (section->id == wanted_id)
		section->bytes--;
}

static void raise_version(struct stream_section *section, uint8_t *bytes)
{
	if (section->id == wanted_id)
		section->version++;
}

/* Each kind of section a byte too short, and of a later version. */
static void test_sizes_and_versions(void **unused)
{
	static const uint32_t ids[] = {SNAPSHOT_UART,   SNAPSHOT_RTC,   SNAPSHOT_BUTTON,
				       SNAPSHOT_FLASH,  SNAPSHOT_FWCFG, SNAPSHOT_VIRTIO,
				       SNAPSHOT_SERIAL, SNAPSHOT_TOOLS, SNAPSHOT_CHANNEL};
	static struct image image;
	char error[256];

	state_sim_open(&first);
	drive(&first);
	save(&first, &image);
	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++) {
		wanted_id = ids[i];
		state_sim_open(&second);
		assert_int_equal(load(&second, &image, error, cut_contents), ERR_INVALID);
		state_sim_close(&second);
		state_sim_open(&second);
		assert_int_equal(load(&second, &image, error, raise_version), ERR_UNSUPPORTED);
		assert_non_null(strstr(error, "version 2, and this Caisson knows 1"));
		state_sim_close(&second);
	}
	state_sim_close(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_guest_tools),
		cmocka_unit_test(test_bad_states),
		cmocka_unit_test(test_sizes_and_versions),
		cmocka_unit_test(test_features_not_taken),
		cmocka_unit_test(test_ready_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
