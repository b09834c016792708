/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/efifile.h"

#include <string.h>

#define READ_BYTES_MAX MIB(8) /* at a time: some firmware does not like more */
#define INFO_BYTES     1024
#define PATH_NODES_MAX 32
#define PATH_END       0x7f

static const struct efi_guid file_system_guid = {
	0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct efi_guid file_info_guid = {
	0x09576e92, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

/* False: the path is too long. */
static bool add_char(uint16_t *path, uint32_t *chars, uint16_t c)
{
	if (*chars == EFI_PATH_CHARS - 1)
		return false;
	/* Nodes may or may not bring the backslash between them. */
	if (c == '\\' && *chars != 0 && path[*chars - 1] == '\\')
		return true;
	path[(*chars)++] = c;
	return true;
}

static bool add_node(struct efi *efi, const struct efi_device_path *node, uint32_t bytes)
{
	uint16_t c;

	for (uint32_t i = 0; i + sizeof(c) <= bytes; i += sizeof(c)) {
		memcpy(&c, node->PathName + i, sizeof(c));
		if (c == 0)
			break;
		if (!add_char(efi->folder, &efi->folder_chars, c))
			return false;
	}
	return true;
}

/* Caisson's own path, of which the file's name is cut off then. */
static bool find_folder(struct efi *efi)
{
	const struct efi_device_path *node = efi->loaded->FilePath;

	if (!add_char(efi->folder, &efi->folder_chars, '\\'))
		return false;
	for (uint32_t i = 0; node != NULL && node->Type != PATH_END && i < PATH_NODES_MAX; i++) {
		uint32_t bytes = node->Length[0] | (uint32_t)node->Length[1] << 8;

		if (bytes < sizeof(*node) || node->Type != EFI_DEVICE_PATH_MEDIA ||
		    node->SubType != EFI_DEVICE_PATH_MEDIA_FILE)
			return false;
		if (i != 0 && !add_char(efi->folder, &efi->folder_chars, '\\'))
			return false;
		if (!add_node(efi, node, bytes - sizeof(*node)))
			return false;
		node = (const struct efi_device_path *)(const void *)((const uint8_t *)node +
								      bytes);
	}
	while (efi->folder[efi->folder_chars - 1] != '\\')
		efi->folder_chars--;
	return true;
}

enum err efifile_init(struct efi *efi)
{
	struct efi_file_system *system;

	if (efi->loaded->DeviceHandle == NULL ||
	    efi->boot->HandleProtocol(efi->loaded->DeviceHandle, &file_system_guid,
				      (void **)&system) != EFI_SUCCESS ||
	    system->OpenVolume(system, &efi->root) != EFI_SUCCESS || !find_folder(efi)) {
		efi->root = NULL;
		return ERR_NOT_FOUND;
	}
	return ERR_OK;
}

/* For messages: of a path that is too long its end. */
static void note_name(struct efifile *file, const uint16_t *path, uint32_t chars)
{
	uint32_t from = chars < EFIFILE_NAME_BYTES ? 0 : chars - EFIFILE_NAME_BYTES + 1;
	uint32_t i;

	for (i = 0; from + i < chars; i++)
		file->name[i] = path[from + i] <= '~' ? (char)path[from + i] : '?';
	file->name[i] = '\0';
}

static enum err read_info(struct efifile *file)
{
	uint64_t buffer[INFO_BYTES / sizeof(uint64_t)] = {0};
	const struct efi_file_info *info = (const void *)buffer;
	uint64_t bytes = sizeof(buffer);

	if (file->file->GetInfo(file->file, &file_info_guid, &bytes, buffer) != EFI_SUCCESS)
		return ERR_INVALID;
	file->bytes = info->FileSize;
	return info->Attribute & EFI_FILE_DIRECTORY ? ERR_UNSUPPORTED : ERR_OK;
}

enum err efifile_open(const struct efi *efi, struct efifile *file, const char *name,
		      size_t name_bytes)
{
	bool from_root = name_bytes != 0 && (name[0] == '\\' || name[0] == '/');
	uint16_t path[EFI_PATH_CHARS];
	uint32_t chars = from_root ? 0 : efi->folder_chars;
	efi_status status;
	enum err err = ERR_OK;

	memcpy(path, efi->folder, chars * sizeof(path[0]));
	for (size_t i = 0; i < name_bytes && err == ERR_OK; i++) {
		if (!add_char(path, &chars, name[i] == '/' ? '\\' : name[i]))
			err = ERR_RANGE;
	}
	note_name(file, path, chars);
	if (err != ERR_OK)
		return err;
	path[chars] = 0;
	status = efi->root->Open(efi->root, &file->file, path, EFI_FILE_MODE_READ, 0);
	if (status != EFI_SUCCESS)
		return status == EFI_NOT_FOUND ? ERR_NOT_FOUND : ERR_INVALID;
	err = read_info(file);
	if (err != ERR_OK)
		efifile_close(file);
	return err;
}

enum err efifile_read(const struct efifile *file, void *buffer, uint64_t bytes)
{
	uint8_t *to = buffer;

	if (file->file->SetPosition(file->file, 0) != EFI_SUCCESS)
		return ERR_INVALID;
	while (bytes != 0) {
		uint64_t n = bytes < READ_BYTES_MAX ? bytes : READ_BYTES_MAX;

		if (file->file->Read(file->file, &n, to) != EFI_SUCCESS || n == 0 || n > bytes)
			return ERR_INVALID;
		to += n;
		bytes -= n;
	}
	return ERR_OK;
}

void efifile_close(const struct efifile *file)
{
	(void)file->file->Close(file->file);
}
