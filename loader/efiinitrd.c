/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/efiinitrd.h"

#include <string.h>

static const struct efi_guid path_guid = {
	0x09576e91, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct efi_guid load_file2_guid = {
	0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};

/* A vendor's media (UEFI 2.10 10.3.5.3), LINUX_EFI_INITRD_MEDIA_GUID, and the end. */
static struct {
	uint8_t type, subtype, length[2];
	struct efi_guid vendor;
	uint8_t last[4];
} path = {
	.type = 4,
	.subtype = 3,
	.length = {20},
	.vendor = {0x5568e427, 0x68fc, 0x4f3d, {0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68}},
	.last = {0x7f, 0xff, 4},
};

static efi_status load_file(struct efi_load_file2 *this, struct efi_device_path *file,
			    uint8_t boot_policy, uint64_t *bytes, void *buffer);

static struct efi_load_file2 load_file2 = {.LoadFile = load_file};
static struct boot_region offered;
static efi_handle handle;

/* Called by the kernel: once for the size, once for all of it. */
static efi_status load_file(struct efi_load_file2 *this, struct efi_device_path *file,
			    uint8_t boot_policy, uint64_t *bytes, void *buffer)
{
	uint64_t room;

	if (this != &load_file2 || file == NULL || bytes == NULL)
		return EFI_INVALID_PARAMETER;
	if (boot_policy)
		return EFI_UNSUPPORTED;
	room = *bytes;
	*bytes = offered.bytes;
	if (buffer == NULL || room < offered.bytes)
		return EFI_BUFFER_TOO_SMALL;
	memcpy(buffer, (const void *)offered.base, offered.bytes);
	return EFI_SUCCESS;
}

efi_status efiinitrd_offer(const struct efi *efi, struct boot_region initrd)
{
	offered = initrd;
	handle = NULL;
	return efi->boot->InstallMultipleProtocolInterfaces(&handle, &path_guid, &path,
							    &load_file2_guid, &load_file2, NULL);
}

void efiinitrd_withdraw(const struct efi *efi)
{
	(void)efi->boot->UninstallMultipleProtocolInterfaces(handle, &path_guid, &path,
							     &load_file2_guid, &load_file2, NULL);
}
