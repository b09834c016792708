/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COHERENCY_MODEL_H
#define COHERENCY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Instruction caches that do not snoop data caches, as a model: what a program does to memory and
 * to caches goes in, and every fetch (or read past the caches) that real hardware could serve with
 * old bytes comes out. Arm ARM DDI 0487 B2.7.4 (ordering and completion of data and instruction
 * cache instructions), B2.2.5 (concurrent modification and execution of instructions).
 *
 * No contents are kept, and no cache has a size: any line can be in any cache at any time, filled
 * at the worst moment, so that a mistake shows whether or not it would have shown in a run. What is
 * kept for each word (4 bytes, one instruction) of memory is what stands between its newest bytes
 * and who wants to have them:
 *
 *	pou	written, and not yet cleaned to the point of unification (a fetch gets old bytes)
 *	poc	written, and not yet cleaned to the point of coherency (so does one who reads past
 *		the caches)
 *	ic	older bytes can be in an instruction cache
 *
 * Maintenance takes a bit away when the DSB of the CPU that asked for it completes it; until then
 * it is noted as under way, and a new write to the word takes the note back. Invalidation of
 * an instruction cache does nothing for a word whose clean is not complete: the cache can take the
 * old bytes in again. The CPU that invalidated needs a context synchronisation event (ISB,
 * exception, exception return) before its own fetch; for the others one is needed too, but who
 * tells them when is not seen here, so that is not checked.
 *
 * Words that were never written since the machine's start are clean.
 */

#define MODEL_LINE_SHIFT  6
#define MODEL_LINE_BYTES  (1 << MODEL_LINE_SHIFT)
#define MODEL_WORDS       (MODEL_LINE_BYTES / 4)
#define MODEL_MAX_CPUS    16
#define MODEL_MAX_PENDING (1 << 17) /* lines of one CPU between two barriers */
#define MODEL_CHUNK_SHIFT 21

enum model_kind {
	MODEL_FINE = 0,
	MODEL_NOT_CLEANED,             /* fetched, newest bytes not cleaned to the PoU */
	MODEL_CLEAN_INCOMPLETE,        /* fetched, cleaned without a DSB after it */
	MODEL_NOT_INVALIDATED,         /* fetched, not invalidated since it was written */
	MODEL_INVALIDATED_EARLY,       /* fetched, invalidated before its clean was complete */
	MODEL_INVALIDATION_INCOMPLETE, /* fetched, invalidated without a DSB after it */
	MODEL_NOT_SYNCHRONISED,        /* fetched by the CPU that invalidated, without an ISB */
	MODEL_FETCH_PAST_CACHES,       /* fetched past the caches, not cleaned to the PoC */
	MODEL_READ_PAST_CACHES,        /* read past the caches, not cleaned to the PoC */
	MODEL_WRITE_PAST_CACHES,       /* written past the caches under a line not cleaned */
	MODEL_DISCARDED,               /* invalidated in the data cache, newest bytes thrown away */
	MODEL_KINDS
};

/* One line of memory: for each word a bit. All zero: clean. */
struct model_line {
	uint64_t writer;    /* PC of the newest write */
	uint32_t clean_at;  /* invalidations of all lines begun when a word got clean last */
	uint16_t pou, poc;  /* written, not cleaned to ... */
	uint16_t ic;        /* written, not invalidated since */
	uint16_t pou_going; /* maintenance asked for, DSB not seen */
	uint16_t poc_going;
	uint16_t ic_going;
	uint16_t early;    /* invalidated when it was of no use */
	uint16_t unsynced; /* invalidated by unsynced_cpu, no ISB since */
	uint16_t local;    /* in ic, but not for local_cpu, which invalidated its own cache */
	uint8_t unsynced_cpu, local_cpu;
};

/* What one CPU has under way. */
struct model_cpu {
	uint32_t going[MODEL_MAX_PENDING]; /* lines, by index */
	uint32_t unsynced[MODEL_MAX_PENDING];
	unsigned int going_count, unsynced_count;
	uint32_t all_going;       /* its newest invalidation of all lines, all CPUs; 0: complete */
	uint32_t all_local_going; /* the same, of its own cache */
	uint32_t all_local_done;
	/* Invalidations of all lines begun up to here are complete and synchronised for it. */
	uint32_t all_seen, all_local_seen;
};

struct model {
	struct model_line *lines; /* of all memory; zeroed by the caller */
	uint8_t *touched;         /* for each 2 MiB: was it ever written? Zeroed by the caller */
	uint64_t base, bytes;     /* physical */
	bool idc, dic;            /* as CTR_EL0 */
	uint32_t all_begun;       /* counts invalidations of all lines */
	uint32_t all_done;        /* complete, for all CPUs */
	uint64_t overflows;       /* barriers made up for lack of room */
	struct model_cpu cpu[MODEL_MAX_CPUS];
};

/* The line that holds pa; NULL: not memory. */
struct model_line *model_line_at(struct model *m, uint64_t pa);
/* Forgets everything but settings; the caller zeroes lines and touched. */
void model_reset(struct model *m);

/*
 * A write of bytes (at most 4096) by the instruction at pc; past the caches if not cached. Gives
 * WRITE_PAST_CACHES or FINE.
 */
enum model_kind model_write(struct model *m, unsigned int cpu, uint64_t pa, uint64_t bytes,
			    bool cached, uint64_t pc);
/*
 * A write through the caches that changes no more than who wrote last: true, and that is done. It
 * needs no lock.
 */
bool model_write_again(struct model *m, uint64_t pa, uint64_t bytes, uint64_t pc);
/* A read past the caches, of at most a line's bytes. */
enum model_kind model_read_uncached(struct model *m, uint64_t pa, uint64_t bytes);
/*
 * A fetch of the words of the line that is pa's, a bit each. What is found is found once: those
 * words are taken as coherent afterwards, and found has them.
 */
enum model_kind model_fetch(struct model *m, unsigned int cpu, uint64_t pa, uint16_t words,
			    bool cached, uint16_t *found);

/* Clean by address, to the point of unification, or of coherency (which is beyond). */
void model_clean(struct model *m, unsigned int cpu, uint64_t pa, bool poc);
/* Invalidate without clean: gives DISCARDED if that lost something. */
enum model_kind model_discard(struct model *m, unsigned int cpu, uint64_t pa);
/* All of memory is clean: what set/way operations over a whole cache are taken for. */
void model_clean_all(struct model *m, unsigned int cpu);
void model_invalidate(struct model *m, unsigned int cpu, uint64_t pa);
/* Of all lines, in all CPUs' caches or in its own. */
void model_invalidate_all(struct model *m, unsigned int cpu, bool every_cpu);
/* DSB for loads and stores; only that completes maintenance. */
void model_dsb(struct model *m, unsigned int cpu);
/* Context synchronisation event. */
void model_sync(struct model *m, unsigned int cpu);

const char *model_kind_name(enum model_kind kind);

#endif
