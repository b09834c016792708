// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/image.h"
#include "vmm/guestdt.h"
#include "vmm/machine.h"
#include "vmm/say.h"

/*
 * From the start of memory: the kernel, the device tree, the initial RAM disk. The tree does not
 * cross a 2 MiB boundary (Linux Documentation/arch/arm64/booting.rst).
 */
#define DTB_BYTES_MAX KIB(64)
#define ALIGNMENT     MIB(2)

#define IMAGE_HEADER_BYTES 64

/* Less than this UEFI does not start with. */
#define FIRMWARE_RAM_MIN MIB(128)

/* A file as it goes into memory. */
struct input {
	const char *path;
	int file;
	uint64_t bytes;
};

static enum err open_input(const char *path, struct input *input)
{
	struct stat status;

	input->path = path;
	/* Not to wait for who writes to a FIFO. */
	input->file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (input->file < 0 || fstat(input->file, &status) != 0) {
		say("cannot open %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (!S_ISREG(status.st_mode) || status.st_size == 0) {
		say("%s is %s", path, S_ISREG(status.st_mode) ? "empty" : "not a regular file");
		return ERR_INVALID;
	}
	input->bytes = status.st_size;
	return ERR_OK;
}

static void close_input(struct input *input)
{
	if (input->file >= 0)
		(void)close(input->file);
	input->file = -1;
}

/* The first `bytes` of the file. */
static enum err read_input(const struct input *input, uint8_t *to, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(input->file, to + done, bytes - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			say("cannot read %s: %s", input->path,
			    got < 0 ? strerror(errno) : "it has become shorter");
			return ERR_TRUNCATED;
		}
		done += got;
	}
	return ERR_OK;
}

static const char *image_problem(enum err err)
{
	switch (err) {
	case ERR_TRUNCATED:
		return "truncated";
	case ERR_UNSUPPORTED:
		return "compressed, or for another byte order: an uncompressed Image is needed";
	case ERR_RANGE:
		return "larger than 1 GiB";
	default:
		return "not an arm64 Image";
	}
}

static enum err check_kernel(const struct input *input, struct image_info *info)
{
	uint8_t header[IMAGE_HEADER_BYTES] = {0};
	uint64_t bytes = input->bytes < sizeof(header) ? input->bytes : sizeof(header);
	enum err err = read_input(input, header, bytes);

	if (err != ERR_OK)
		return err;
	err = image_parse(header, input->bytes, info);
	if (err != ERR_OK)
		say("%s is %s", input->path, image_problem(err));
	return err;
}

/* Goes to the start of memory; *end is where it ends. */
static enum err load_kernel(const struct input *input, uint8_t *ram, uint64_t ram_bytes,
			    struct load_result *result, uint64_t *end)
{
	struct image_info info;
	enum err err = check_kernel(input, &info);

	if (err != ERR_OK)
		return err;
	*end = info.text_offset + info.image_bytes;
	if (*end > ram_bytes) {
		say("%s needs %lu MiB, the virtual machine has %lu MiB (--mem gives more)",
		    input->path, (unsigned long)(*end >> 20) + 1, (unsigned long)(ram_bytes >> 20));
		return ERR_NO_MEMORY;
	}
	result->entry = MACHINE_RAM + info.text_offset;
	return read_input(input, ram + info.text_offset, input->bytes);
}

static enum err load_dtb(const struct load_config *config, uint64_t initrd, uint64_t initrd_bytes,
			 uint8_t *ram, uint64_t ram_bytes, uint64_t offset)
{
	struct guestdt_config dt = {.ram_bytes = ram_bytes,
				    .cpus = config->cpus,
				    .gic_version = config->gic_version,
				    .firmware = config->kernel == NULL,
				    .vmware = config->vmware,
				    .timer = config->timer,
				    .counter_hz = config->counter_hz,
				    .virtio_slots = config->virtio_slots,
				    .bootargs = config->bootargs,
				    .initrd = initrd,
				    .initrd_bytes = initrd_bytes};

	if (getrandom(dt.seed, sizeof(dt.seed), 0) != sizeof(dt.seed)) {
		say("no random numbers: %s", strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (guestdt_write(&dt, ram + offset, DTB_BYTES_MAX) != ERR_OK) {
		say("the kernel's command line is too long");
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err load_all(const struct load_config *config, const struct input *kernel,
			 const struct input *initrd, uint8_t *ram, uint64_t ram_bytes,
			 struct load_result *result)
{
	uint64_t kernel_end, dtb, rest;
	enum err err = load_kernel(kernel, ram, ram_bytes, result, &kernel_end);

	if (err != ERR_OK)
		return err;
	dtb = bits_align_up(kernel_end, ALIGNMENT);
	rest = dtb + ALIGNMENT;
	if (rest > ram_bytes || initrd->bytes > ram_bytes - rest) {
		say("kernel and initial RAM disk do not fit into %lu MiB of memory (--mem gives "
		    "more)",
		    (unsigned long)(ram_bytes >> 20));
		return ERR_NO_MEMORY;
	}
	if (initrd->bytes != 0)
		err = read_input(initrd, ram + rest, initrd->bytes);
	result->dtb = MACHINE_RAM + dtb;
	return err != ERR_OK
		       ? err
		       : load_dtb(config, MACHINE_RAM + rest, initrd->bytes, ram, ram_bytes, dtb);
}

/* Firmware is in flash already; it finds the device tree at the start of memory. */
static enum err load_for_firmware(const struct load_config *config, uint8_t *ram,
				  uint64_t ram_bytes, struct load_result *result)
{
	if (ram_bytes < FIRMWARE_RAM_MIN) {
		say("firmware needs %u MiB of memory, the virtual machine has %lu MiB (--mem gives "
		    "more)",
		    (unsigned int)(FIRMWARE_RAM_MIN >> 20), (unsigned long)(ram_bytes >> 20));
		return ERR_NO_MEMORY;
	}
	result->entry = MACHINE_FLASH;
	result->dtb = MACHINE_RAM;
	return load_dtb(config, 0, 0, ram, ram_bytes, 0);
}

static enum err open_inputs(const struct load_config *config, struct input *kernel,
			    struct input *initrd)
{
	enum err err = open_input(config->kernel, kernel);

	return err == ERR_OK && config->initrd != NULL ? open_input(config->initrd, initrd) : err;
}

enum err load_check(const struct load_config *config)
{
	struct input kernel = {.file = -1};
	struct input initrd = {.file = -1};
	struct image_info info;
	enum err err;

	if (config->kernel == NULL)
		return ERR_OK;
	err = open_inputs(config, &kernel, &initrd);
	if (err == ERR_OK)
		err = check_kernel(&kernel, &info);
	close_input(&kernel);
	close_input(&initrd);
	return err;
}

enum err load_guest(const struct load_config *config, uint8_t *ram, uint64_t ram_bytes,
		    struct load_result *result)
{
	struct input kernel = {.file = -1};
	struct input initrd = {.file = -1};
	enum err err;

	if (config->kernel == NULL)
		return load_for_firmware(config, ram, ram_bytes, result);
	err = open_inputs(config, &kernel, &initrd);
	if (err == ERR_OK)
		err = load_all(config, &kernel, &initrd, ram, ram_bytes, result);
	close_input(&kernel);
	close_input(&initrd);
	return err;
}
