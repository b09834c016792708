/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_FLASH_H
#define VMM_FLASH_H

#include <pthread.h>

#include "lib/cfiflash.h"
#include "vmm/bus.h"

struct stream;
struct stream_section;
struct vm;

/*
 * A bank of NOR flash whose contents are a file. Its first part, as far as the file has something
 * in it, is memory of the VM, read only, so that the guest can run from it; reads of the rest are
 * answered here. While the bank is not in read-array mode the memory is taken out of the VM.
 */
struct flash {
	struct device device;
	struct vm *vm;
	const char *path; /* NULL: a file without a name */
	int file;         /* -1: not open */
	bool read_only;
	uint64_t file_bytes;
	uint64_t memory_bytes; /* whole blocks */
	uint8_t *memory;       /* of the VM's memory file */
	pthread_mutex_t lock;  /* all below: under it */
	struct cfiflash model;
	bool mapped;  /* memory is where the guest sees it */
	bool unsaved; /* the file was written since it was last synchronised */
	bool failed;  /* the file could not be written, which was told */
};

/*
 * Firmware: the file is not written. Tells what is wrong, as the other functions do; flash_close()
 * is due in any case. base: in the VM.
 */
enum err flash_open_firmware(struct flash *f, struct vm *vm, uint64_t base,
			     const char *path) MUST_CHECK;
/*
 * Variables: the file is made when it is missing, and grows with what is written. One VM at a time
 * has it. path: NULL: what is written is lost when the process ends. later: as disk_config has it.
 */
enum err flash_open_vars(struct flash *f, struct vm *vm, uint64_t base, const char *path,
			 bool later) MUST_CHECK;
void flash_close(struct flash *f);

/* As those of virtio_blk.h; nothing for firmware, and without a file. */
enum err flash_let_go(struct flash *f) MUST_CHECK;
void flash_take_back(struct flash *f);
enum err flash_take_over(struct flash *f) MUST_CHECK;

/* Reads the file into memory_bytes of memory, before the VM gets that. */
enum err flash_load(struct flash *f, uint8_t *memory) MUST_CHECK;
/* Resets the bank and puts it on the VM's bus; no vCPU runs yet. */
enum err flash_attach(struct flash *f) MUST_CHECK;

/* State, while no vCPU runs; load: of one that was just attached. */
enum err flash_save_state(struct flash *f, struct stream *s, uint32_t instance) MUST_CHECK;
enum err flash_load_state(struct flash *f, struct stream *s,
			  const struct stream_section *section) MUST_CHECK;
/* The memory was loaded: what differs in the file becomes the same. Tells what is wrong. */
enum err flash_write_back(struct flash *f) MUST_CHECK;

#endif
