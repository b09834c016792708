/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_SNAPSHOT_H
#define ABI_SNAPSHOT_H

#include <stdint.h>

#include "abi/vcpustate.h"

/*
 * The state of a user VM as a stream of bytes: a snapshot's file, or what goes from host to host
 * when a VM moves. A header, then sections up to SNAPSHOT_END; docs/snapshot.md tells their order.
 * All numbers are little-endian, every field is there (no padding), what is reserved is 0.
 *
 * Checksums are XXH3, 64 bits, seed 0 (libxxhash). They find what was damaged; they do not tell who
 * wrote it: each section's contents are looked at like any other hostile input.
 *
 * Who reads: a header of a later major version, or of another machine model, and a section of a
 * later version or of an id that is not known, is refused.
 */

#define SNAPSHOT_MAGIC                                                                             \
	"\x93"                                                                                     \
	"CAISSON" /* without its NUL */
#define SNAPSHOT_MAGIC_BYTES 8
/* major << 16 | minor. */
#define SNAPSHOT_VERSION 0x10000
/*
 * The machine that a guest sees (vmm/machine.h, the devices' registers and features): another
 * number when a guest that ran on one would not go on on the other.
 */
#define SNAPSHOT_MACHINE 1

enum snapshot_kind {
	SNAPSHOT_FILE = 1,
	SNAPSHOT_MIGRATION = 2, /* and back: both directions begin with a header */
};

struct snapshot_header {
	uint8_t magic[SNAPSHOT_MAGIC_BYTES];
	uint32_t version;
	uint32_t machine;
	uint32_t kind;
	uint32_t reserved;
	uint64_t seconds;  /* since 1970, when it was begun */
	uint64_t checksum; /* of the bytes before */
};
_Static_assert(sizeof(struct snapshot_header) == 40, "the format");

#define SNAPSHOT_SECTION_MAGIC 0x54434553 /* "SECT" */

struct snapshot_section {
	uint32_t magic;
	uint32_t id;       /* enum snapshot_id */
	uint32_t instance; /* of several: disk 0, disk 1 */
	uint32_t version;  /* of what is in it */
	uint64_t sequence; /* 0, 1, 2 ... in each direction */
	uint64_t bytes;    /* that follow, SNAPSHOT_SECTION_BYTES at most */
	uint64_t contents; /* their checksum */
	uint64_t checksum; /* of the bytes before */
};
_Static_assert(sizeof(struct snapshot_section) == 48, "the format");

#define SNAPSHOT_SECTION_BYTES 0x500000

enum snapshot_id {
	SNAPSHOT_CONFIG = 1,    /* text of settings, as in caisson.conf(5), with "name" */
	SNAPSHOT_VM = 2,        /* struct snapshot_vm */
	SNAPSHOT_DISK = 3,      /* struct snapshot_disk, for each */
	SNAPSHOT_MEMORY = 4,    /* struct snapshot_memory, any number of them */
	SNAPSHOT_TIME = 5,      /* struct snapshot_time */
	SNAPSHOT_IDREGS = 6,    /* what the guest is shown of its hosts: JSON, vmm/baseline.h */
	SNAPSHOT_VCPU = 7,      /* struct snapshot_vcpu, for each */
	SNAPSHOT_VGIC_DIST = 8, /* abi/vgicstate.h */
	SNAPSHOT_VGIC_CPU = 9,  /* the same, for each vCPU */
	SNAPSHOT_TIMER_FRAME = 10,
	SNAPSHOT_HOST = 11,      /* the host that wrote it: JSON, as `caisson host-info --json` */
	SNAPSHOT_UART = 16,      /* struct snapshot_uart */
	SNAPSHOT_RTC = 17,       /* struct snapshot_rtc */
	SNAPSHOT_BUTTON = 18,    /* struct snapshot_button */
	SNAPSHOT_FLASH = 19,     /* struct snapshot_flash, for each bank */
	SNAPSHOT_FWCFG = 20,     /* struct snapshot_fwcfg */
	SNAPSHOT_VIRTIO = 21,    /* struct snapshot_virtio, for each device, by its slot */
	SNAPSHOT_CONSOLE = 22,   /* struct snapshot_console, behind its device's SNAPSHOT_VIRTIO */
	SNAPSHOT_SERIAL = 23,    /* struct snapshot_serial, the same */
	SNAPSHOT_TOOLS = 32,     /* struct snapshot_tools */
	SNAPSHOT_CHANNEL = 33,   /* struct snapshot_channel, for each that is open */
	SNAPSHOT_GUESTINFO = 34, /* struct snapshot_guestinfo, for each value */
	/* 0x100 to 0x1ff: what the two ends of a migration say to each other. */
	SNAPSHOT_MIGRATION_FIRST = 0x100,
	SNAPSHOT_MIGRATION_LAST = 0x1ff,
	SNAPSHOT_END = 0xffff, /* empty, the last one: there is nothing behind it */
};

/* ---- memory -------------------------------------------------------------------------------- */

#define SNAPSHOT_PAGE_BYTES  4096
#define SNAPSHOT_BLOCK_PAGES 512

/*
 * Pages of one block of 2 MiB: RAM, or flash as far as that is memory. Bit n of word n / 64 is
 * page n. What stands in neither set is as it was: zeros at first. Behind this: the pages in
 * `data`, in order, as one Zstandard frame with its contents' size; nothing if there are none.
 */
struct snapshot_memory {
	uint64_t ipa;
	uint64_t data[SNAPSHOT_BLOCK_PAGES / 64]; /* these are in the frame */
	uint64_t zero[SNAPSHOT_BLOCK_PAGES / 64]; /* these are all zeros now; in no page of data */
};
_Static_assert(sizeof(struct snapshot_memory) == 136, "the format");

/* ---- the machine --------------------------------------------------------------------------- */

/* What must fit what the settings make. */
struct snapshot_vm {
	uint64_t ram_bytes;
	uint64_t flash_bytes[2]; /* as far as they are memory: firmware, variables */
	uint32_t cpus;
	uint32_t gic_version;
	uint32_t virtio_slots;
	uint32_t starts; /* of the guest so far */
};
_Static_assert(sizeof(struct snapshot_vm) == 40, "the format");

/* A disk's contents are not in the stream: this is to find another disk than it was, or one that
 * was written meanwhile. */
struct snapshot_disk {
	uint64_t bytes;
	uint32_t format; /* 0 raw, 1 qcow2 */
	uint32_t read_only;
	int64_t seconds; /* when a raw file was last written; both 0: not known */
	uint64_t nanoseconds;
};
_Static_assert(sizeof(struct snapshot_disk) == 32, "the format");

/* The guest's counter: it goes on where it stood. mode: enum caisson_time_mode. */
struct snapshot_time {
	uint64_t hz;
	uint64_t count;
	uint32_t mode;
	uint32_t reserved;
};
_Static_assert(sizeof(struct snapshot_time) == 24, "the format");

/* Of a VM that has such a timer; by enum caisson_frame_reg. */
struct snapshot_timer_frame {
	uint64_t reg[7];
};
_Static_assert(sizeof(struct snapshot_timer_frame) == 56, "the format");

/* state: as VCPU_GET gives it; nothing behind `on` if that is 0. */
struct snapshot_vcpu {
	uint64_t on;
	struct vcpu_state state;
};

/* ---- devices ------------------------------------------------------------------------------- */

/* Registers of the PL011, and what it has received and the guest not read. */
struct snapshot_uart {
	uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, dmacr, ris;
	uint32_t overrun;
	uint32_t rx_bytes;
	uint8_t rx[1024];
};
_Static_assert(sizeof(struct snapshot_uart) == 1072, "the format");

/* The PL031: the guest's clock is the host's and `offset`. */
struct snapshot_rtc {
	uint32_t offset, load, match;
	uint32_t armed, raw, mask; /* 0 or 1 each */
};
_Static_assert(sizeof(struct snapshot_rtc) == 24, "the format");

/* The PL061 with the power button. */
struct snapshot_button {
	uint8_t input, output, dir, is, ibe, iev, ie, afsel, edges;
	uint8_t seen;
	uint8_t reserved[2];
	uint32_t presses;
};
_Static_assert(sizeof(struct snapshot_button) == 16, "the format");

/* A bank of flash between two accesses (lib/cfiflash.h); its contents are memory. */
struct snapshot_flash {
	uint32_t mode, cycle, status;
	uint32_t words_left, buffer_used, buffer_base, low, high;
	uint8_t buffer[4096];
};
_Static_assert(sizeof(struct snapshot_flash) == 4128, "the format");

#define SNAPSHOT_FWCFG_NONE 0xffff

/* What firmware is told of the machine, and how far it has read. */
struct snapshot_fwcfg {
	uint32_t key; /* of the item, SNAPSHOT_FWCFG_NONE: none */
	uint32_t dma_high;
	uint64_t position;
	uint32_t tables_bytes; /* of SMBIOS */
	uint8_t anchor[24];
	uint8_t reserved[4];
	uint8_t tables[2048];
};
_Static_assert(sizeof(struct snapshot_fwcfg) == 2096, "the format");

#define SNAPSHOT_QUEUES 6

struct snapshot_queue {
	uint64_t descriptor, driver, device; /* as the driver wrote them */
	uint32_t size;
	uint32_t ready;
	/* Where the device goes on in the rings. */
	uint16_t avail_next;
	uint16_t used_next;
	uint32_t reserved;
};
_Static_assert(sizeof(struct snapshot_queue) == 40, "the format");

struct snapshot_virtio {
	uint32_t id; /* device type */
	uint32_t queues;
	uint64_t features; /* that the driver has taken */
	uint32_t status;
	uint32_t interrupt_status;
	uint32_t generation; /* of the configuration */
	uint32_t device_features_sel, driver_features_sel, queue_sel;
	uint8_t config[64];
	struct snapshot_queue queue[SNAPSHOT_QUEUES];
};
_Static_assert(sizeof(struct snapshot_virtio) == 344, "the format");

/* What has come from one side of a console and not gone to the other. */
struct snapshot_console {
	uint32_t kept_bytes; /* from the guest */
	uint32_t input_bytes;
	uint8_t kept[16384];
	uint8_t input[1024];
};
_Static_assert(sizeof(struct snapshot_console) == 17416, "the format");

/* The agent's port (lib/vserial.h). */
struct snapshot_serial {
	uint32_t device_ready, port_ready, open; /* 0 or 1 each */
	uint32_t due;
};
_Static_assert(sizeof(struct snapshot_serial) == 16, "the format");

/* ---- guest tools --------------------------------------------------------------------------- */

#define SNAPSHOT_CHANNEL_NONE 128
#define SNAPSHOT_NICS         16
#define SNAPSHOT_ADDRESSES    8

/* An address that the guest has told of. */
struct snapshot_address {
	uint8_t bytes[16];
	uint8_t count; /* of bytes: 4 or 16 */
	uint8_t prefix;
};

struct snapshot_nic {
	char mac[18];
	uint16_t reserved;
	uint32_t addresses; /* kept, of those that were told of */
	uint32_t addresses_told;
	struct snapshot_address address[SNAPSHOT_ADDRESSES];
};
_Static_assert(sizeof(struct snapshot_nic) == 172, "the format");

struct snapshot_tools {
	uint32_t main; /* the channel that orders go by, or SNAPSHOT_CHANNEL_NONE */
	uint32_t option;
	uint32_t is_asked, sync, running; /* 0 or 1 each */
	uint32_t nics;
	/* What the tools have reported, as text with a NUL. */
	char version[16];
	char host_name[256];
	char os_name[64];
	char os_full[256];
	char os_detailed[1024];
	uint64_t uptime_s;
	struct snapshot_nic nic[SNAPSHOT_NICS];
};
_Static_assert(sizeof(struct snapshot_tools) == 4400, "the format");

/* The instance is the channel's number. Behind it: in_done bytes, out_bytes bytes. */
struct snapshot_channel {
	uint32_t protocol;
	uint32_t talk;
	uint32_t cookie[2];
	uint32_t sends, receives; /* 0 or 1 each */
	uint32_t in_bytes, in_done;
	uint32_t has_out;
	uint32_t out_bytes, out_done;
	uint32_t reserved;
};
_Static_assert(sizeof(struct snapshot_channel) == 48, "the format");

/* Behind it the value's bytes; none: it is redacted. */
struct snapshot_guestinfo {
	char key[128];
	uint32_t side; /* 0 owner, 1 guest */
	uint32_t reads;
};
_Static_assert(sizeof(struct snapshot_guestinfo) == 136, "the format");

#endif
