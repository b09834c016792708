// SPDX-License-Identifier: BSD-2-Clause
#include "tests/coherency/model.h"

#include <string.h>

static const char *const kind_names[MODEL_KINDS] = {
	[MODEL_FINE] = "fine",
	[MODEL_NOT_CLEANED] = "not-cleaned",
	[MODEL_CLEAN_INCOMPLETE] = "clean-incomplete",
	[MODEL_NOT_INVALIDATED] = "not-invalidated",
	[MODEL_INVALIDATED_EARLY] = "invalidated-early",
	[MODEL_INVALIDATION_INCOMPLETE] = "invalidation-incomplete",
	[MODEL_NOT_SYNCHRONISED] = "not-synchronised",
	[MODEL_FETCH_PAST_CACHES] = "fetch-past-caches",
	[MODEL_READ_PAST_CACHES] = "read-past-caches",
	[MODEL_WRITE_PAST_CACHES] = "write-past-caches",
	[MODEL_DISCARDED] = "discarded",
};

const char *model_kind_name(enum model_kind kind)
{
	return kind < MODEL_KINDS ? kind_names[kind] : "unknown";
}

struct model_line *model_line_at(struct model *m, uint64_t pa)
{
	if (pa < m->base || pa - m->base >= m->bytes)
		return NULL;
	return &m->lines[(pa - m->base) >> MODEL_LINE_SHIFT];
}

void model_reset(struct model *m)
{
	memset(m->cpu, 0, sizeof(m->cpu));
	m->all_begun = 0;
	m->all_done = 0;
}

/* The bits of the words that [pa, pa + bytes) touches in pa's line. */
static uint16_t words_of(uint64_t pa, uint64_t bytes)
{
	unsigned int offset = pa & (MODEL_LINE_BYTES - 1);
	unsigned int first = offset / 4;
	uint64_t end = offset + bytes;
	unsigned int last = (end >= MODEL_LINE_BYTES ? MODEL_LINE_BYTES - 1 : end - 1) / 4;

	return (uint16_t)((2u << last) - (1u << first));
}

/*
 * Did an invalidation of all lines (number done is the newest complete one) find this line's words
 * clean, those apart that are not clean now?
 */
static bool all_covers(const struct model_line *line, uint32_t done)
{
	return line->clean_at < done;
}

/* Before words become clean: those that are now are what earlier invalidations count for. */
static void settle(struct model *m, unsigned int cpu, struct model_line *line)
{
	uint16_t clean = line->ic & ~line->pou;

	if (all_covers(line, m->all_done)) {
		line->ic &= ~clean;
	} else if (all_covers(line, m->cpu[cpu].all_local_done)) {
		if (line->local_cpu != cpu)
			line->local = 0;
		line->local |= clean;
		line->local_cpu = (uint8_t)cpu;
	}
	line->clean_at = m->all_begun;
}

static void write_line(struct model *m, unsigned int cpu, struct model_line *line, uint16_t words,
		       bool cached)
{
	if (!cached || m->idc)
		settle(m, cpu, line);
	line->pou_going &= ~words;
	line->poc_going &= ~words;
	line->ic_going &= ~words;
	line->early &= ~words;
	line->unsynced &= ~words;
	line->local &= ~words;
	if (!m->dic)
		line->ic |= words;
	if (cached) {
		line->poc |= words;
		line->pou |= m->idc ? 0 : words;
	} else {
		line->poc &= ~words;
		line->pou &= ~words;
	}
}

enum model_kind model_write(struct model *m, unsigned int cpu, uint64_t pa, uint64_t bytes,
			    bool cached, uint64_t pc)
{
	enum model_kind kind = MODEL_FINE;
	struct model_line *line;
	uint64_t step;

	for (; bytes; pa += step, bytes -= step) {
		step = MODEL_LINE_BYTES - (pa & (MODEL_LINE_BYTES - 1));
		step = step < bytes ? step : bytes;
		line = model_line_at(m, pa);
		if (!line)
			continue;
		if (!cached && line->poc) {
			kind = MODEL_WRITE_PAST_CACHES;
			line->poc = 0;
		}
		m->touched[(pa - m->base) >> MODEL_CHUNK_SHIFT] = 1;
		write_line(m, cpu, line, words_of(pa, step), cached);
		line->writer = pc;
	}
	return kind;
}

bool model_write_again(struct model *m, uint64_t pa, uint64_t bytes, uint64_t pc)
{
	struct model_line *line = model_line_at(m, pa);
	uint16_t words = words_of(pa, bytes);

	if (!line)
		return true;
	if ((pa & (MODEL_LINE_BYTES - 1)) + bytes > MODEL_LINE_BYTES || m->idc || m->dic ||
	    words & ~(line->pou & line->poc & line->ic) ||
	    words & (line->pou_going | line->poc_going))
		return false;
	line->writer = pc;
	return true;
}

enum model_kind model_read_uncached(struct model *m, uint64_t pa, uint64_t bytes)
{
	struct model_line *line = model_line_at(m, pa);
	uint16_t words = words_of(pa, bytes);

	if (!line || !(line->poc & words))
		return MODEL_FINE;
	line->poc &= ~words;
	return MODEL_READ_PAST_CACHES;
}

/* A fetch through the instruction cache. */
static enum model_kind fetch_cached(const struct model *m, unsigned int cpu,
				    const struct model_line *line, uint16_t words, uint16_t *found)
{
	const struct model_cpu *c = &m->cpu[cpu];

	*found = line->pou & words;
	if (*found)
		return *found & line->pou_going ? MODEL_CLEAN_INCOMPLETE : MODEL_NOT_CLEANED;
	*found = line->ic & words & ~(line->local_cpu == cpu ? line->local : 0);
	if (*found && !all_covers(line, c->all_seen) && !all_covers(line, c->all_local_seen)) {
		if (all_covers(line, m->all_done) || all_covers(line, c->all_local_done))
			return MODEL_NOT_SYNCHRONISED;
		if (*found & line->ic_going || all_covers(line, c->all_going) ||
		    all_covers(line, c->all_local_going))
			return MODEL_INVALIDATION_INCOMPLETE;
		return *found & line->early ? MODEL_INVALIDATED_EARLY : MODEL_NOT_INVALIDATED;
	}
	*found = line->unsynced & words;
	if (*found && line->unsynced_cpu == cpu)
		return MODEL_NOT_SYNCHRONISED;
	*found = 0;
	return MODEL_FINE;
}

enum model_kind model_fetch(struct model *m, unsigned int cpu, uint64_t pa, uint16_t words,
			    bool cached, uint16_t *found)
{
	struct model_line *line = model_line_at(m, pa);
	enum model_kind kind;

	*found = 0;
	if (!line)
		return MODEL_FINE;
	if (!cached) {
		*found = line->poc & words;
		line->poc &= ~words;
		return *found ? MODEL_FETCH_PAST_CACHES : MODEL_FINE;
	}
	if (!((line->pou | line->ic | line->unsynced) & words))
		return MODEL_FINE;
	kind = fetch_cached(m, cpu, line, words, found);
	if (kind == MODEL_FINE && all_covers(line, m->all_done))
		line->ic &= line->pou;
	if (kind != MODEL_FINE) {
		line->pou &= ~*found;
		line->ic &= ~*found;
		line->unsynced &= ~*found;
	}
	return kind;
}

/* Remembers a line until the CPU's next barrier; if there is no room, that is taken to be now. */
static void note(struct model *m, unsigned int cpu, const struct model_line *line)
{
	struct model_cpu *c = &m->cpu[cpu];
	uint32_t index = (uint32_t)(line - m->lines);

	if (c->going_count && c->going[c->going_count - 1] == index)
		return;
	if (c->going_count == MODEL_MAX_PENDING) {
		m->overflows++;
		model_dsb(m, cpu);
	}
	c->going[c->going_count++] = index;
}

void model_clean(struct model *m, unsigned int cpu, uint64_t pa, bool poc)
{
	struct model_line *line = model_line_at(m, pa);

	if (!line || !(line->pou | line->poc))
		return;
	line->pou_going |= line->pou;
	if (poc)
		line->poc_going |= line->poc;
	note(m, cpu, line);
}

enum model_kind model_discard(struct model *m, unsigned int cpu, uint64_t pa)
{
	struct model_line *line = model_line_at(m, pa);

	if (!line || !line->poc)
		return MODEL_FINE;
	settle(m, cpu, line);
	line->poc = 0;
	line->pou = 0;
	return MODEL_DISCARDED;
}

void model_clean_all(struct model *m, unsigned int cpu)
{
	unsigned int lines = 1 << (MODEL_CHUNK_SHIFT - MODEL_LINE_SHIFT), i;
	struct model_line *line;
	uint64_t chunk;

	for (chunk = 0; chunk < m->bytes >> MODEL_CHUNK_SHIFT; chunk++) {
		if (!m->touched[chunk])
			continue;
		line = &m->lines[chunk * lines];
		for (i = 0; i < lines; i++, line++) {
			if (line->pou)
				settle(m, cpu, line);
			line->pou = 0;
			line->poc = 0;
		}
	}
}

void model_invalidate(struct model *m, unsigned int cpu, uint64_t pa)
{
	struct model_line *line = model_line_at(m, pa);

	if (!line || !line->ic)
		return;
	line->early |= line->ic & line->pou;
	line->ic_going |= line->ic & ~line->pou;
	note(m, cpu, line);
}

void model_invalidate_all(struct model *m, unsigned int cpu, bool every_cpu)
{
	struct model_cpu *c = &m->cpu[cpu];

	m->all_begun++;
	if (every_cpu)
		c->all_going = m->all_begun;
	else
		c->all_local_going = m->all_begun;
}

static void complete_line(struct model *m, unsigned int cpu, struct model_line *line)
{
	struct model_cpu *c = &m->cpu[cpu];
	uint16_t cleaned = line->pou & line->pou_going;

	if (cleaned)
		settle(m, cpu, line);
	line->pou &= ~cleaned;
	line->poc &= ~line->poc_going;
	line->ic &= ~line->ic_going;
	if (line->ic_going) {
		line->early &= ~line->ic_going;
		line->unsynced |= line->ic_going;
		line->unsynced_cpu = (uint8_t)cpu;
		if (c->unsynced_count == MODEL_MAX_PENDING) {
			m->overflows++;
			model_sync(m, cpu);
		}
		c->unsynced[c->unsynced_count++] = (uint32_t)(line - m->lines);
	}
	line->pou_going = 0;
	line->poc_going = 0;
	line->ic_going = 0;
}

void model_dsb(struct model *m, unsigned int cpu)
{
	struct model_cpu *c = &m->cpu[cpu];
	unsigned int i;

	for (i = 0; i < c->going_count; i++)
		complete_line(m, cpu, &m->lines[c->going[i]]);
	c->going_count = 0;
	if (c->all_going) {
		if (c->all_going > m->all_done)
			m->all_done = c->all_going;
		for (i = 0; i < MODEL_MAX_CPUS; i++)
			if (i != cpu && c->all_going > m->cpu[i].all_seen)
				m->cpu[i].all_seen = c->all_going;
		c->all_going = 0;
	}
	if (c->all_local_going) {
		c->all_local_done = c->all_local_going;
		c->all_local_going = 0;
	}
}

void model_sync(struct model *m, unsigned int cpu)
{
	struct model_cpu *c = &m->cpu[cpu];
	struct model_line *line;
	unsigned int i;

	for (i = 0; i < c->unsynced_count; i++) {
		line = &m->lines[c->unsynced[i]];
		if (line->unsynced_cpu == cpu)
			line->unsynced = 0;
	}
	c->unsynced_count = 0;
	c->all_seen = m->all_done;
	c->all_local_seen = c->all_local_done;
}
