// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/virtio_blk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/diskfile.h"
#include "vmm/say.h"

#define SECTOR_BYTES 512

/* Features (virtio 1.2, 5.2.3). */
#define F_SEG_MAX      BIT(2)
#define F_RO           BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH        BIT(9)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

/* Requests and their results (5.2.6). */
#define REQUEST_IN           0
#define REQUEST_OUT          1
#define REQUEST_FLUSH        4
#define REQUEST_GET_ID       8
#define REQUEST_DISCARD      11
#define REQUEST_WRITE_ZEROES 13

#define STATUS_OK          0
#define STATUS_ERROR       1
#define STATUS_UNSUPPORTED 2

#define STATUS_BYTES 1

/* Fields of the configuration (5.2.4). */
#define CONFIG_CAPACITY                 0
#define CONFIG_SEG_MAX                  12
#define CONFIG_BLK_SIZE                 20
#define CONFIG_MAX_DISCARD_SECTORS      36
#define CONFIG_MAX_DISCARD_SEG          40
#define CONFIG_DISCARD_SECTOR_ALIGNMENT 44
#define CONFIG_MAX_WRITE_ZEROES_SECTORS 48
#define CONFIG_MAX_WRITE_ZEROES_SEG     52
#define CONFIG_WRITE_ZEROES_MAY_UNMAP   56

/* Header and status take a segment each. */
#define DATA_SEGMENTS_MAX (VIRTQUEUE_SEGMENTS_MAX - 2)
/* Bounds for what may have to be written out. */
#define RANGES_MAX          16
#define RANGE_SECTORS_MAX   65536
#define WRITE_ZEROES_UNMAP  1
#define DISCARD_SECTORS_MAX 4194304

struct request {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* Of DISCARD and WRITE_ZEROES. */
struct range {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags;
};

/* ---- ranges of the file ------------------------------------------------------------------- */

static bool has_sectors(const struct virtio_blk *b, uint64_t sector, uint64_t sectors)
{
	return bits_contains(0, b->sectors, sector, sectors);
}

/* Where a file cannot be told to have zeros, they are written. */
static bool write_zeros(const struct virtio_blk *b, uint64_t at, uint64_t bytes)
{
	static const uint8_t zeros[KIB(64)];

	while (bytes != 0) {
		size_t part = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);
		ssize_t done = pwrite(b->file, zeros, part, (off_t)at);

		if (done <= 0)
			return false;
		at += done;
		bytes -= done;
	}
	return true;
}

static bool zero_range(const struct virtio_blk *b, const struct range *r)
{
	uint64_t at = r->sector * SECTOR_BYTES;
	uint64_t bytes = (uint64_t)r->sectors * SECTOR_BYTES;

	if ((r->flags & ~(uint32_t)WRITE_ZEROES_UNMAP) != 0 || r->sectors > RANGE_SECTORS_MAX)
		return false;
	if (bytes == 0)
		return true;
	if ((r->flags & WRITE_ZEROES_UNMAP) != 0 &&
	    fallocate(b->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
		      (off_t)bytes) == 0)
		return true;
	return fallocate(b->file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)at,
			 (off_t)bytes) == 0 ||
	       write_zeros(b, at, bytes);
}

/* A hint: a file that cannot have holes keeps what it has. */
static bool discard_range(const struct virtio_blk *b, const struct range *r)
{
	if (r->flags != 0 || r->sectors > DISCARD_SECTORS_MAX)
		return false;
	if (r->sectors == 0)
		return true;
	return fallocate(b->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)(r->sector * SECTOR_BYTES),
			 (off_t)r->sectors * SECTOR_BYTES) == 0 ||
	       errno == EOPNOTSUPP;
}

static uint8_t do_ranges(struct virtio_blk *b,
			 bool (*change)(const struct virtio_blk *b, const struct range *r))
{
	struct range range[RANGES_MAX];
	uint32_t bytes = b->chain.readable_bytes - (uint32_t)sizeof(struct request);

	if (b->read_only)
		return STATUS_ERROR;
	if (bytes == 0 || bytes % sizeof(struct range) != 0 || bytes > sizeof(range))
		return STATUS_UNSUPPORTED;
	(void)virtqueue_read(&b->chain, sizeof(struct request), range, bytes);
	for (uint32_t i = 0; i < bytes / sizeof(struct range); i++) {
		if (!has_sectors(b, range[i].sector, range[i].sectors) || !change(b, &range[i]))
			return STATUS_ERROR;
	}
	return STATUS_OK;
}

/* ---- data --------------------------------------------------------------------------------- */

/* Between file and segments, which are used up. */
static bool transfer(struct virtio_blk *b, uint64_t at, uint32_t segments, bool write)
{
	struct iovec *next = b->segment;
	struct iovec *end = next + segments;

	while (next != end) {
		ssize_t done = write ? pwritev(b->file, next, (int)(end - next), (off_t)at)
				     : preadv(b->file, next, (int)(end - next), (off_t)at);

		if (done <= 0)
			return false;
		at += done;
		for (; next != end && (size_t)done >= next->iov_len; next++)
			done -= (ssize_t)next->iov_len;
		if (done != 0) {
			next->iov_base = (uint8_t *)next->iov_base + done;
			next->iov_len -= done;
		}
	}
	return true;
}

static bool flush(const struct virtio_blk *b)
{
	return b->read_only || fdatasync(b->file) == 0;
}

static uint8_t do_write(struct virtio_blk *b, const struct request *r)
{
	uint32_t bytes = b->chain.readable_bytes - (uint32_t)sizeof(*r);

	if (b->read_only || bytes % SECTOR_BYTES != 0 ||
	    !has_sectors(b, r->sector, bytes / SECTOR_BYTES))
		return STATUS_ERROR;

	uint32_t segments =
		virtio_iovec(&b->chain, 0, b->chain.readable, sizeof(*r), bytes, b->segment);

	if (!transfer(b, r->sector * SECTOR_BYTES, segments, true))
		return STATUS_ERROR;
	/* A driver that cannot flush expects what is written to be there (5.2.5.2). */
	return virtio_has(&b->virtio, F_FLUSH) || flush(b) ? STATUS_OK : STATUS_ERROR;
}

static uint8_t do_read(struct virtio_blk *b, const struct request *r, uint32_t *written)
{
	uint32_t bytes = b->chain.writable_bytes - STATUS_BYTES;

	if (bytes % SECTOR_BYTES != 0 || !has_sectors(b, r->sector, bytes / SECTOR_BYTES))
		return STATUS_ERROR;

	uint32_t segments =
		virtio_iovec(&b->chain, b->chain.readable, b->chain.writable, 0, bytes, b->segment);

	bool done = transfer(b, r->sector * SECTOR_BYTES, segments, false);

	virtqueue_wrote(&b->chain, 0, bytes); /* a part of it, too */
	if (!done)
		return STATUS_ERROR;
	*written = bytes;
	return STATUS_OK;
}

static uint8_t do_get_id(struct virtio_blk *b, uint32_t *written)
{
	uint32_t bytes = b->chain.writable_bytes - STATUS_BYTES;

	*written =
		virtqueue_write(&b->chain, 0, b->id, bytes < BLK_ID_BYTES ? bytes : BLK_ID_BYTES);
	return STATUS_OK;
}

/* ---- requests ----------------------------------------------------------------------------- */

static uint8_t do_request(struct virtio_blk *b, const struct request *r, uint32_t *written)
{
	switch (r->type) {
	case REQUEST_IN:
		return do_read(b, r, written);
	case REQUEST_OUT:
		return do_write(b, r);
	case REQUEST_FLUSH:
		return flush(b) ? STATUS_OK : STATUS_ERROR;
	case REQUEST_GET_ID:
		return do_get_id(b, written);
	case REQUEST_DISCARD:
		return do_ranges(b, discard_range);
	case REQUEST_WRITE_ZEROES:
		return do_ranges(b, zero_range);
	default:
		return STATUS_UNSUPPORTED;
	}
}

/* The status is the last byte, wherever the segments' ends are (2.7.4). */
static void serve_chain(struct virtio_blk *b, struct virtio_queue *q)
{
	struct request request;
	uint32_t written = 0;

	if (virtqueue_read(&b->chain, 0, &request, sizeof(request)) != sizeof(request) ||
	    b->chain.writable_bytes < STATUS_BYTES) {
		virtio_break(&b->virtio);
		return;
	}

	uint8_t status = do_request(b, &request, &written);

	(void)virtqueue_write(&b->chain, b->chain.writable_bytes - STATUS_BYTES, &status,
			      STATUS_BYTES);
	virtqueue_put(&q->ring, b->chain.head, written + STATUS_BYTES);
}

static void serve(void *arg)
{
	struct virtio_blk *b = arg;
	struct virtio *v = &b->virtio;
	struct virtio_queue *q = &v->queue[0];

	while (worker_wait(&b->worker, NULL, 0)) {
		(void)pthread_mutex_lock(&q->lock);
		do {
			virtqueue_spare_notify(&q->ring);
			while (virtio_take(v, q, &b->chain)) {
				serve_chain(b, q);
				virtio_signal(v, q);
			}
		} while (virtqueue_want_notify(&q->ring) && virtio_is_live(v));
		(void)pthread_mutex_unlock(&q->lock);
	}
}

static void start(struct virtio *v)
{
	worker_kick(&CONTAINER_OF(v, struct virtio_blk, virtio)->worker);
}

static void notify(struct virtio *v, uint32_t queue)
{
	start(v);
}

/* Who copies the disk, or goes on with it elsewhere, finds all that the guest wrote. */
static bool hold(struct virtio *v)
{
	const struct virtio_blk *b = CONTAINER_OF(v, struct virtio_blk, virtio);

	if (flush(b))
		return true;
	say("cannot write %s: %s", b->path, strerror(errno));
	return false;
}

/* ---- start -------------------------------------------------------------------------------- */

static enum err find_size(struct virtio_blk *b)
{
	struct stat status;
	uint64_t bytes = 0;

	if (fstat(b->file, &status) != 0 ||
	    (S_ISBLK(status.st_mode) && ioctl(b->file, BLKGETSIZE64, &bytes) != 0)) {
		say("cannot find the size of %s: %s", b->path, strerror(errno));
		return ERR_INVALID;
	}
	if (S_ISREG(status.st_mode))
		bytes = status.st_size;
	if ((!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) || bytes == 0 ||
	    bytes % SECTOR_BYTES != 0) {
		say("%s is no raw disk: %s", b->path,
		    bytes == 0 ? "neither a file with something in it nor a block device"
			       : "its size is not a multiple of 512 bytes");
		return ERR_INVALID;
	}
	b->sectors = bytes / SECTOR_BYTES;
	(void)snprintf(b->id, sizeof(b->id), "%llx-%llx", (unsigned long long)status.st_dev,
		       (unsigned long long)status.st_ino);
	return ERR_OK;
}

static enum err open_file(struct virtio_blk *b, bool later)
{
	b->file = open(b->path, (b->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (b->file < 0) {
		say("cannot open %s: %s", b->path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (!later && diskfile_lock(b->file, b->read_only) != ERR_OK) {
		say("%s is in use", b->path);
		return ERR_BUSY;
	}
	return find_size(b);
}

static void put32(struct virtio_blk *b, uint32_t offset, uint32_t value)
{
	memcpy(b->virtio.config + offset, &value, sizeof(value));
}

static void write_config(struct virtio_blk *b)
{
	memcpy(b->virtio.config + CONFIG_CAPACITY, &b->sectors, sizeof(b->sectors));
	put32(b, CONFIG_SEG_MAX, DATA_SEGMENTS_MAX);
	put32(b, CONFIG_BLK_SIZE, SECTOR_BYTES);
	if (b->read_only)
		return;
	put32(b, CONFIG_MAX_DISCARD_SECTORS, DISCARD_SECTORS_MAX);
	put32(b, CONFIG_MAX_DISCARD_SEG, RANGES_MAX);
	put32(b, CONFIG_DISCARD_SECTOR_ALIGNMENT, 1);
	put32(b, CONFIG_MAX_WRITE_ZEROES_SECTORS, RANGE_SECTORS_MAX);
	put32(b, CONFIG_MAX_WRITE_ZEROES_SEG, RANGES_MAX);
	b->virtio.config[CONFIG_WRITE_ZEROES_MAY_UNMAP] = 1;
}

enum err virtio_blk_open(struct virtio_blk *b, struct vm *vm, uint32_t slot,
			 const struct disk_config *config)
{
	static const struct virtio_ops ops = {.start = start, .notify = notify, .hold = hold};
	const uint64_t features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH |
				  (config->read_only ? F_RO : F_DISCARD | F_WRITE_ZEROES);

	virtio_init(&b->virtio, vm, slot, VIRTIO_ID_BLOCK, 1, features, &ops);
	b->path = config->path;
	b->read_only = config->read_only;

	enum err err = open_file(b, config->later);

	if (err != ERR_OK)
		return err;
	write_config(b);
	return worker_start(&b->worker, "disk", serve, b);
}

enum err virtio_blk_let_go(struct virtio_blk *b)
{
	return diskfile_let_go(b->file, b->path);
}

void virtio_blk_take_back(struct virtio_blk *b)
{
	diskfile_take_back(b->file, b->path, b->read_only);
}

enum err virtio_blk_take_over(struct virtio_blk *b)
{
	uint64_t sectors = b->sectors;
	enum err err = diskfile_take_over(&b->file, b->path, b->read_only);

	if (err == ERR_OK)
		err = find_size(b);
	if (err == ERR_OK && b->sectors != sectors) {
		say("%s has another size than before", b->path);
		return ERR_INVALID;
	}
	return err;
}

void virtio_blk_close(struct virtio_blk *b)
{
	worker_end(&b->worker);
	if (b->path != NULL && b->file >= 0)
		(void)close(b->file);
}
