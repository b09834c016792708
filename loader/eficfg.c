/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/eficfg.h"

#include <string.h>

#include "lib/bootcfg.h"
#include "lib/fdt.h"
#include "lib/image.h"
#include "lib/text.h"
#include "loader/eficon.h"
#include "loader/efifile.h"
#include "loader/efimem.h"
#include "loader/firmware.h"
#include "loader/payload.h"

#define CONFIG_NAME      "caisson.cfg"
#define PAGE_BYTES       KIB(4)
#define KERNEL_ALIGN     MIB(2)
#define HEADER_BYTES     64
#define FILE_BYTES_MAX   GIB(4)
#define OPTION_WORDS_MAX 64

static const struct efi_guid shell_parameters_guid = {
	0x752f3136, 0x4e16, 0x4fdc, {0xa2, 0x2a, 0xe5, 0xf4, 0x68, 0x12, 0xf4, 0xca}};

static struct bootcfg config;

static const char *const key_names[BOOTCFG_KEYS] = {
	[BOOTCFG_KERNEL] = "kernel",
	[BOOTCFG_INITRD] = "initrd",
	[BOOTCFG_DEVICETREE] = "devicetree",
};

static efi_status refuse_open(const struct efi *efi, const struct efifile *file, enum err err,
			      const char *what)
{
	return eficon_refuse(efi, EFI_NOT_FOUND, "%s (%s): %s", file->name, what,
			     err == ERR_NOT_FOUND     ? "there is no such file where Caisson was "
							"loaded from"
			     : err == ERR_UNSUPPORTED ? "it is a folder"
			     : err == ERR_RANGE       ? "the path is too long"
						      : "firmware cannot open it");
}

static efi_status open_named(const struct efi *efi, enum bootcfg_key key, struct efifile *file)
{
	enum err err = efifile_open(efi, file, config.value[key].text, config.value[key].bytes);

	if (err != ERR_OK)
		return refuse_open(efi, file, err, key_names[key]);
	if (file->bytes != 0 && file->bytes < FILE_BYTES_MAX)
		return EFI_SUCCESS;
	efifile_close(file);
	return eficon_refuse(efi, EFI_LOAD_ERROR, "%s (%s) %s", file->name, key_names[key],
			     file->bytes == 0 ? "is empty" : "is larger than 4 GiB");
}

/* The whole of the file, with `room` bytes of memory for it, from offset bytes after align on. */
static efi_status read_whole(const struct efi *efi, const struct efifile *file, uint64_t room,
			     uint64_t align, uint64_t offset, struct boot_region *region)
{
	if (!efimem_take(efi, offset + room, align, &region->base))
		return eficon_refuse(efi, EFI_OUT_OF_RESOURCES,
				     "%s: no memory for it, %llu MiB: give the machine more",
				     file->name, (unsigned long long)room >> 20);
	region->base += offset;
	region->bytes = file->bytes;
	if (efifile_read(file, (void *)region->base, file->bytes) != ERR_OK)
		return eficon_refuse(efi, EFI_LOAD_ERROR, "%s: firmware cannot read it",
				     file->name);
	return EFI_SUCCESS;
}

/* To where it can run. */
static efi_status read_kernel(const struct efi *efi, const struct efifile *file)
{
	uint8_t header[HEADER_BYTES] = {0};
	uint64_t bytes = file->bytes < HEADER_BYTES ? file->bytes : HEADER_BYTES;
	struct image_info image;
	enum err err;

	if (efifile_read(file, header, bytes) != ERR_OK)
		return eficon_refuse(efi, EFI_LOAD_ERROR, "%s: firmware cannot read it",
				     file->name);
	err = image_parse(header, file->bytes, &image);
	if (err != ERR_OK)
		return eficon_refuse(efi, EFI_LOAD_ERROR, "%s is not an arm64 Image: %s",
				     file->name, payload_image_why(err));
	return read_whole(efi, file, image.image_bytes, KERNEL_ALIGN, image.text_offset,
			  &firmware.kernel);
}

/* In the place of firmware's. */
static efi_status read_devicetree(const struct efi *efi, const struct efifile *file)
{
	struct boot_region dtb;
	efi_status status = read_whole(efi, file, file->bytes, PAGE_BYTES, 0, &dtb);
	uint32_t bytes;

	if (status != EFI_SUCCESS)
		return status;
	/* Memory comes in pages: a header can be read, whatever the file holds. */
	bytes = fdt_header_bytes((const void *)dtb.base);
	if (bytes == 0 || bytes > dtb.bytes || dtb.bytes > FDT_BYTES_MAX)
		return eficon_refuse(efi, EFI_LOAD_ERROR,
				     "%s is not a device tree (dtb) of at most 2 MiB", file->name);
	firmware.dtb = dtb.base;
	return EFI_SUCCESS;
}

static efi_status read_initrd(const struct efi *efi, const struct efifile *file)
{
	return read_whole(efi, file, file->bytes, PAGE_BYTES, 0, &firmware.initrd);
}

static efi_status load_named(const struct efi *efi, enum bootcfg_key key,
			     efi_status (*read)(const struct efi *efi, const struct efifile *file))
{
	struct efifile file;
	efi_status status;

	if (config.value[key].bytes == 0)
		return EFI_SUCCESS;
	status = open_named(efi, key, &file);
	if (status != EFI_SUCCESS)
		return status;
	status = read(efi, &file);
	efifile_close(&file);
	return status;
}

static efi_status parse(const struct efi *efi, const struct efifile *file, char *text)
{
	if (efifile_read(file, text, file->bytes) != ERR_OK)
		return eficon_refuse(efi, EFI_LOAD_ERROR, "%s: firmware cannot read it",
				     file->name);
	if (bootcfg_parse(&config, text, file->bytes) == ERR_OK)
		return EFI_SUCCESS;
	if (config.line == 0)
		return eficon_refuse(efi, EFI_LOAD_ERROR, "%s: %s", file->name, config.why);
	return eficon_refuse(efi, EFI_LOAD_ERROR, "%s, line %u: %s", file->name,
			     (unsigned int)config.line, config.why);
}

static efi_status read_config(const struct efi *efi)
{
	static char text[BOOTCFG_FILE_BYTES_MAX] __attribute__((section(".bss.noinit")));
	struct efifile file;
	enum err err = efifile_open(efi, &file, CONFIG_NAME, sizeof(CONFIG_NAME) - 1);
	efi_status status;

	if (err != ERR_OK)
		return refuse_open(efi, &file, err, "it names the kernel to start");
	status = file.bytes > sizeof(text)
			 ? eficon_refuse(efi, EFI_LOAD_ERROR, "%s is larger than 64 KiB", file.name)
			 : parse(efi, &file, text);
	efifile_close(&file);
	return status;
}

efi_status eficfg_load(struct efi *efi)
{
	efi_status status;
	size_t bytes;

	if (efifile_init(efi) != ERR_OK)
		return eficon_refuse(efi, EFI_NOT_FOUND,
				     "Caisson was not loaded from a file system, where "
				     "caisson.cfg would be beside it");
	status = read_config(efi);
	if (status == EFI_SUCCESS)
		status = load_named(efi, BOOTCFG_KERNEL, read_kernel);
	if (status == EFI_SUCCESS)
		status = load_named(efi, BOOTCFG_INITRD, read_initrd);
	if (status == EFI_SUCCESS)
		status = load_named(efi, BOOTCFG_DEVICETREE, read_devicetree);
	if (status != EFI_SUCCESS)
		return status;
	bytes = config.value[BOOTCFG_CMDLINE].bytes;
	memcpy(firmware.bootargs, config.value[BOOTCFG_CMDLINE].text, bytes);
	bytes = config.value[BOOTCFG_OPTIONS].bytes;
	memcpy(firmware.cmdline, config.value[BOOTCFG_OPTIONS].text, bytes);
	return EFI_SUCCESS;
}

/* False: no room. */
static bool add_option_char(uint16_t c, size_t *length)
{
	if (*length == sizeof(firmware.cmdline) - 1)
		return false;
	firmware.cmdline[(*length)++] = (char)c;
	return true;
}

static bool is_option_char(uint16_t c)
{
	return c >= ' ' && c <= '~';
}

/* As a word more, as far as it is text. */
static bool add_word(const uint16_t *word, size_t chars_max)
{
	size_t length = text_length(firmware.cmdline);
	bool fits = length == 0 || add_option_char(' ', &length);

	for (size_t i = 0; fits && i < chars_max && is_option_char(word[i]); i++)
		fits = add_option_char(word[i], &length);
	return fits;
}

/* The boot entry's optional data, which is ours alone to read: text, or it is left alone. */
static bool add_load_options(const struct efi *efi)
{
	const uint16_t *text = efi->loaded->LoadOptions;
	size_t chars = efi->loaded->LoadOptionsSize / sizeof(*text);

	if (text == NULL || efi->loaded->LoadOptionsSize % sizeof(*text) != 0)
		chars = 0;
	while (chars != 0 && text[chars - 1] == 0)
		chars--;
	for (size_t i = 0; i < chars; i++) {
		if (!is_option_char(text[i])) {
			eficon_print(efi, "caisson: the boot entry's options are ignored: they are "
					  "no text of 16-bit characters (efibootmgr --unicode)\n");
			return true;
		}
	}
	return chars == 0 || add_word(text, chars);
}

efi_status eficfg_add_options(const struct efi *efi)
{
	struct efi_shell_parameters *shell;
	bool fits = true;

	/* The shell gives the command itself as well; only here it says what is what. */
	if (efi->boot->HandleProtocol(efi->image, &shell_parameters_guid, (void **)&shell) ==
	    EFI_SUCCESS) {
		for (uint64_t i = 1; fits && i < shell->Argc && i < OPTION_WORDS_MAX; i++)
			fits = add_word(shell->Argv[i], SIZE_MAX);
	} else {
		fits = add_load_options(efi);
	}
	return fits ? EFI_SUCCESS
		    : eficon_refuse(efi, EFI_LOAD_ERROR,
				    "Caisson's options are longer than %zu bytes together",
				    sizeof(firmware.cmdline) - 1);
}
