// SPDX-License-Identifier: BSD-2-Clause
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/state_sim.h"
#include "vmm/machine.h"

/*
 * Snapshots with right checksums and hostile contents: the input is a list of sections, each loaded
 * by its device, which is then used and saved again; what was saved can be loaded, and is the same
 * after that. Some inputs are the file itself.
 */

#define SECTIONS_MAX 16
#define IMAGE_BYTES  1048576

static uint8_t image[2][IMAGE_BYTES];

static int file(const uint8_t *data, size_t bytes)
{
	int fd = memfd_create("snapshot", MFD_CLOEXEC);

	FUZZ_CHECK(write(fd, data, bytes) == (ssize_t)bytes && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* All the sections of a file, into the machine; what it ends with. */
static enum err load_file(struct state_sim *sim, const uint8_t *data, size_t bytes)
{
	struct stream_section section = {0};
	struct snapshot_header header;
	static struct statemem memory;
	struct statemem_block block;
	struct stream s;
	int fd = file(data, bytes);
	enum err err = stream_init(&s, fd, 0);

	FUZZ_CHECK(err == ERR_OK && (memory.pages != NULL || statemem_init(&memory) == ERR_OK));
	err = stream_open(&s, SNAPSHOT_FILE, &header);
	while (err == ERR_OK && section.id != SNAPSHOT_END) {
		err = stream_read(&s, &section);
		if (err == ERR_OK && section.id == SNAPSHOT_MEMORY)
			err = statemem_read(&memory, &s, &section, &block);
		else if (err == ERR_OK && section.id != SNAPSHOT_END)
			err = state_sim_load(sim, &s, &section);
	}
	FUZZ_CHECK((err == ERR_OK) == (stream_error(&s)[0] == '\0'));
	stream_close(&s);
	(void)close(fd);
	return err;
}

static size_t save_file(struct state_sim *sim, uint8_t *to)
{
	int fd = memfd_create("snapshot", MFD_CLOEXEC);
	struct stream s;

	FUZZ_CHECK(stream_init(&s, fd, 0) == ERR_OK && stream_begin(&s, SNAPSHOT_FILE) == ERR_OK &&
		   state_sim_save(sim, &s) == ERR_OK &&
		   stream_write(&s, SNAPSHOT_END, 0, 1, NULL, 0) == ERR_OK);

	size_t bytes = atomic_load(&s.bytes);

	FUZZ_CHECK(bytes <= IMAGE_BYTES && pread(fd, to, bytes, 0) == (ssize_t)bytes);
	stream_close(&s);
	(void)close(fd);
	return bytes;
}

/* True: the device took it. */
static bool load_section(struct state_sim *sim, struct fuzz_input *in)
{
	static const struct {
		size_t bytes;
		uint32_t id;
		bool more;
	} kind[] = {
		{sizeof(struct snapshot_uart), SNAPSHOT_UART, false},
		{sizeof(struct snapshot_rtc), SNAPSHOT_RTC, false},
		{sizeof(struct snapshot_button), SNAPSHOT_BUTTON, false},
		{sizeof(struct snapshot_flash), SNAPSHOT_FLASH, false},
		{sizeof(struct snapshot_fwcfg), SNAPSHOT_FWCFG, false},
		{sizeof(struct snapshot_virtio), SNAPSHOT_VIRTIO, false},
		{sizeof(struct snapshot_serial), SNAPSHOT_SERIAL, false},
		{sizeof(struct snapshot_tools), SNAPSHOT_TOOLS, false},
		{sizeof(struct snapshot_channel), SNAPSHOT_CHANNEL, true},
		{sizeof(struct snapshot_guestinfo), SNAPSHOT_GUESTINFO, true},
	};
	uint32_t of = (uint32_t)fuzz_take(in, 1);
	uint32_t which = of % ARRAY_SIZE(kind);
	struct stream_section section = {.id = kind[which].id, .version = 1};
	struct stream s = {0};
	enum err err;

	section.instance = (uint32_t)fuzz_take(in, 1);
	/* Mostly a length that can be. */
	section.bytes = of >= 0xf0 ? (size_t)fuzz_take(in, 2) : kind[which].bytes;
	if (of < 0xf0 && kind[which].more)
		section.bytes += (size_t)fuzz_take(in, 1);

	/* Zeros behind the input: most states are long, and mostly zeros. */
	uint8_t *contents = calloc(1, section.bytes + 1);
	size_t given = section.bytes < in->bytes ? section.bytes : in->bytes;

	memcpy(contents, in->data, given);
	in->data += given;
	in->bytes -= given;
	section.contents = contents;
	err = state_sim_load(sim, &s, &section);
	FUZZ_CHECK((err == ERR_OK) == (stream_error(&s)[0] == '\0'));
	free(contents);
	return err == ERR_OK;
}

static void use(struct state_sim *sim, struct fuzz_input *in)
{
	struct device *last = NULL;

	for (uint32_t i = 0; i < sim->vm.bus.count; i++) {
		const struct device *d = sim->vm.bus.device[i];
		uint64_t value = fuzz_take(in, 4);
		uint64_t offset = bits_align_down(value, 4) % d->bytes;

		(void)!bus_access(&sim->vm.bus, &last, d->base + offset, 4, (value & 1) != 0,
				  &value);
	}
	virtio_begin(&sim->virtio);

	struct virtqueue_chain *chain = malloc(sizeof(*chain));

	for (uint32_t i = 0; i < 4; i++) {
		if (virtio_take(&sim->virtio, &sim->virtio.queue[0], chain))
			virtqueue_put(&sim->virtio.queue[0].ring, chain->head, 0);
		virtio_signal(&sim->virtio, &sim->virtio.queue[0]);
	}
	free(chain);
	tools_begin(&sim->tools);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct state_sim sim;
	struct fuzz_input in = {data, bytes};
	bool good = true;
	size_t saved;

	state_sim_open(&sim);
	if (fuzz_take(&in, 1) >= 0xc0) {
		(void)load_file(&sim, in.data, in.bytes);
		state_sim_close(&sim);
		return 0;
	}
	for (uint32_t i = 0; good && i < SECTIONS_MAX && in.bytes != 0; i++)
		good = load_section(&sim, &in);
	if (good)
		use(&sim, &in);
	if (good && sim.flash.file_bytes <= sim.flash.memory_bytes) {
		saved = save_file(&sim, image[0]);
		state_sim_close(&sim);
		state_sim_open(&sim);
		FUZZ_CHECK(load_file(&sim, image[0], saved) == ERR_OK);
		FUZZ_CHECK(save_file(&sim, image[1]) == saved);
		FUZZ_CHECK(memcmp(image[0] + sizeof(struct snapshot_header),
				  image[1] + sizeof(struct snapshot_header),
				  saved - sizeof(struct snapshot_header)) == 0);
	}
	state_sim_close(&sim);
	return 0;
}
