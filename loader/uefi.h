/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOADER_UEFI_H
#define LOADER_UEFI_H

#include "lib/bits.h"

/*
 * What Caisson uses of the UEFI Specification 2.10, with that document's names for fields. Calls
 * follow AAPCS64 (2.3.6.4). Entries of tables that are not called are void pointers.
 */

typedef uint64_t efi_status;
typedef void *efi_handle;

#define EFI_SUCCESS           UINT64_C(0)
#define EFI_ERROR(n)          (BIT(63) | (n)) /* appendix D */
#define EFI_LOAD_ERROR        EFI_ERROR(1)
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_UNSUPPORTED       EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL  EFI_ERROR(5)
#define EFI_OUT_OF_RESOURCES  EFI_ERROR(9)
#define EFI_NOT_FOUND         EFI_ERROR(14)

struct efi_guid {
	uint32_t data1;
	uint16_t data2;
	uint16_t data3;
	uint8_t data4[8];
};

/* 4.2 */
struct efi_table_header {
	uint64_t Signature;
	uint32_t Revision;
	uint32_t HeaderSize;
	uint32_t CRC32;
	uint32_t Reserved;
};

/* 12.4 */
struct efi_text_output {
	void *Reset;
	efi_status (*OutputString)(struct efi_text_output *this, uint16_t *text);
};

/* 7.2.1 */
enum efi_allocate { EFI_ALLOCATE_ANY_PAGES = 0, EFI_ALLOCATE_MAX_ADDRESS, EFI_ALLOCATE_ADDRESS };

struct efi_device_path;

/* 4.4; types of memory: lib/efimap.h */
struct efi_boot_services {
	struct efi_table_header Hdr;
	void *RaiseTPL;
	void *RestoreTPL;
	efi_status (*AllocatePages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
	efi_status (*FreePages)(uint64_t address, uint64_t pages);
	efi_status (*GetMemoryMap)(uint64_t *bytes, void *map, uint64_t *key, uint64_t *stride,
				   uint32_t *version);
	void *AllocatePool;
	void *FreePool;
	void *CreateEvent;
	void *SetTimer;
	void *WaitForEvent;
	void *SignalEvent;
	void *CloseEvent;
	void *CheckEvent;
	void *InstallProtocolInterface;
	void *ReinstallProtocolInterface;
	void *UninstallProtocolInterface;
	efi_status (*HandleProtocol)(efi_handle handle, const struct efi_guid *protocol,
				     void **interface);
	void *Reserved;
	void *RegisterProtocolNotify;
	void *LocateHandle;
	void *LocateDevicePath;
	efi_status (*InstallConfigurationTable)(const struct efi_guid *guid, void *table);
	efi_status (*LoadImage)(uint8_t is_boot_entry, efi_handle parent,
				struct efi_device_path *path, void *source, uint64_t bytes,
				efi_handle *image);
	efi_status (*StartImage)(efi_handle image, uint64_t *exit_bytes, uint16_t **exit_text);
	efi_status (*Exit)(efi_handle image, efi_status status, uint64_t bytes, uint16_t *text);
	void *UnloadImage;
	efi_status (*ExitBootServices)(efi_handle image, uint64_t key);
	void *GetNextMonotonicCount;
	void *Stall;
	void *SetWatchdogTimer;
	void *ConnectController;
	void *DisconnectController;
	void *OpenProtocol;
	void *CloseProtocol;
	void *OpenProtocolInformation;
	void *ProtocolsPerHandle;
	void *LocateHandleBuffer;
	efi_status (*LocateProtocol)(const struct efi_guid *protocol, void *registration,
				     void **interface);
	/* Pairs of a GUID's and an interface's address, then NULL. */
	efi_status (*InstallMultipleProtocolInterfaces)(efi_handle *handle, ...);
	efi_status (*UninstallMultipleProtocolInterfaces)(efi_handle handle, ...);
};

/* 4.6 */
struct efi_configuration_table {
	struct efi_guid VendorGuid;
	void *VendorTable;
};

/* 4.3 */
struct efi_system_table {
	struct efi_table_header Hdr;
	uint16_t *FirmwareVendor;
	uint32_t FirmwareRevision;
	efi_handle ConsoleInHandle;
	void *ConIn;
	efi_handle ConsoleOutHandle;
	struct efi_text_output *ConOut;
	efi_handle StandardErrorHandle;
	struct efi_text_output *StdErr;
	void *RuntimeServices;
	struct efi_boot_services *BootServices;
	uint64_t NumberOfTableEntries;
	struct efi_configuration_table *ConfigurationTable;
};

/* 9.1 */
/* 10.3.5.4: a node of a device path, whose type is 4 and subtype 4 here. */
struct efi_device_path {
	uint8_t Type;
	uint8_t SubType;
	uint8_t Length[2];
	uint8_t PathName[]; /* of 16-bit characters, with a NUL; at any alignment */
};

#define EFI_DEVICE_PATH_MEDIA      4
#define EFI_DEVICE_PATH_MEDIA_FILE 4

struct efi_loaded_image {
	uint32_t Revision;
	efi_handle ParentHandle;
	struct efi_system_table *SystemTable;
	efi_handle DeviceHandle;
	struct efi_device_path *FilePath;
	void *Reserved;
	uint32_t LoadOptionsSize;
	void *LoadOptions;
};

/* UEFI Shell Specification 2.2, 2.2 */
struct efi_shell_parameters {
	uint16_t **Argv;
	uint64_t Argc;
};

/* 13.5 */
#define EFI_FILE_MODE_READ UINT64_C(1)
#define EFI_FILE_DIRECTORY UINT64_C(0x10)

struct efi_file {
	uint64_t Revision;
	efi_status (*Open)(struct efi_file *this, struct efi_file **file, const uint16_t *name,
			   uint64_t mode, uint64_t attributes);
	efi_status (*Close)(struct efi_file *this);
	void *Delete;
	efi_status (*Read)(struct efi_file *this, uint64_t *bytes, void *buffer);
	void *Write;
	void *GetPosition;
	efi_status (*SetPosition)(struct efi_file *this, uint64_t position);
	efi_status (*GetInfo)(struct efi_file *this, const struct efi_guid *type, uint64_t *bytes,
			      void *buffer);
};

struct efi_file_info {
	uint64_t Size;
	uint64_t FileSize;
	uint64_t PhysicalSize;
	uint8_t times[3][16];
	uint64_t Attribute;
	uint16_t FileName[];
};

/* 13.4 */
struct efi_file_system {
	uint64_t Revision;
	efi_status (*OpenVolume)(struct efi_file_system *this, struct efi_file **root);
};

/* 13.2 */
struct efi_load_file2 {
	efi_status (*LoadFile)(struct efi_load_file2 *this, struct efi_device_path *path,
			       uint8_t boot_policy, uint64_t *bytes, void *buffer);
};

/* 37.5 */
struct efi_rng {
	void *GetInfo;
	efi_status (*GetRNG)(struct efi_rng *this, const struct efi_guid *algorithm, uint64_t bytes,
			     uint8_t *value);
};

#endif
