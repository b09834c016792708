/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of the vGIC. Those that hold bits or fields of interrupts come in groups, the
 * same at the same offsets in the distributor (for SPIs) and in a redistributor's SGI_base (for
 * SGIs and PPIs): one table, a row for each group of both.
 */
#include "lib/vgic.h"

#define GROUP_SHIFT 7 /* every group starts at a multiple of 128 bytes */
#define GROUPS_END  0x1000
#define IROUTER     0x6000
#define IROUTER_END 0x8000
#define IROUTER_IRM BIT(31)
#define ID_FIRST    0xffd0
#define SGI_BASE    VGIC_SGI_BASE

#define TARGETS_OWN       0x01010101u /* a vCPU's bit in four fields of GICD_ITARGETSR */
#define SGIR_FILTER(sgir) ((sgir) >> 24 & 3)
#define SGIR_LIST(sgir)   ((sgir) >> 16 & 0xff)

#define CTLR_DS      (1u << 6)
#define CTLR_ARE     (1u << 4)
#define CTLR_RWP     (1u << 31)
#define GICR_RWP     (1u << 3)
#define WAKER_SLEEP  (1u << 1)
#define WAKER_ASLEEP (1u << 2)
#define IIDR         0x4300043b /* product 'C', implementer Arm */
#define AFFINITY     0xff00ffffff

/*
 * An access is about the interrupts of a distributor (c is NULL) or those of vCPU c. The
 * functions of a group get register n of it, which is about word w of the interrupts, one that
 * exists.
 */
typedef uint32_t get_fn(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			uint32_t n);
/* lanes: bits of the register that are written. */
typedef void set_fn(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n, uint32_t value,
		    uint32_t lanes, struct vgic_effects *fx);

static inline const struct vgic_word *word_get(const struct vgic_dist *d, const struct vgic_cpu *c,
					       uint32_t w)
{
	return c ? &c->word0 : &d->word[w];
}

static inline struct vgic_word *word_of(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w)
{
	return c ? &c->word0 : &d->word[w];
}

/* --- effects --- */

static void emit_bits(struct vgic_effects *fx, enum vgic_effect_kind kind, uint32_t w,
		      uint32_t bits)
{
	for (; bits && fx->count < VGIC_MAX_EFFECTS; bits &= bits - 1)
		fx->list[fx->count++] = (struct vgic_effect){
			.kind = (uint8_t)kind,
			.intid = (uint16_t)(w * 32 + (uint32_t)__builtin_ctz(bits))};
}

/* Has these bits evaluated: at once for private interrupts, by the caller for SPIs. */
static void changed(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t bits,
		    struct vgic_effects *fx)
{
	if (!c) {
		fx->word = w;
		fx->changed = bits;
		return;
	}
	for (; bits; bits &= bits - 1)
		vgic_eval(d, c, (uint32_t)__builtin_ctz(bits), fx);
}

/* Those of the word that may be in a list register; not the CPU's that asks, if it folded. */
static uint32_t loaded(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w)
{
	return c ? c->in_lr[0] : d->word[w].loaded;
}

/* INTIDs 1020 to 1023 are not interrupts. */
static inline uint32_t valid(uint32_t w)
{
	return w == VGIC_WORDS - 1 ? 0x0fffffff : ~0u;
}

/* A GICv2's SGIs are always enabled, and pending by GICD_SPENDSGIR (IHI 0048 4.3.5, 4.3.7). */
static inline uint32_t not_sgis(const struct vgic_dist *d, const struct vgic_cpu *c)
{
	return c && d->v2 ? ~0u << VGIC_SGIS : ~0u;
}

/* --- the groups --- */

static uint32_t get_zero(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			 uint32_t n)
{
	return 0;
}

static void set_nothing(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
}

static uint32_t get_group(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			  uint32_t n)
{
	return word_get(d, c, w)->group;
}

static void set_group(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
		      uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits = (value ^ word->group) & valid(w);

	word->group ^= bits;
	if (c)
		vgic_private_changed(c, d->ctlr, bits);
	changed(d, c, w, bits, fx);
}

static uint32_t get_enabled(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			    uint32_t n)
{
	return word_get(d, c, w)->enabled;
}

static void set_enabled(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits = value & ~word->enabled & valid(w);

	if (!bits)
		return;
	word->enabled |= bits;
	if (c)
		vgic_private_changed(c, d->ctlr, 0);
	emit_bits(fx, VGIC_PHYS_ENABLE, w, bits & word->hw);
	changed(d, c, w, bits, fx);
}

static void clear_enabled(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			  uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits = value & word->enabled & not_sgis(d, c);

	if (!bits)
		return;
	word->enabled &= ~bits;
	if (c)
		vgic_private_changed(c, d->ctlr, 0);
	emit_bits(fx, VGIC_PHYS_DISABLE, w, bits & word->hw);
	changed(d, c, w, bits, fx);
}

static uint32_t get_pending(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			    uint32_t n)
{
	const struct vgic_word *word = word_get(d, c, w);

	return word->latch | (word->line & ~word->edge) | (word->seen_pending & loaded(d, c, w));
}

static void set_pending(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits;

	value &= not_sgis(d, c);
	bits = value & valid(w) & ~word->hw;
	/* One that was acknowledged physically is pending here: once is enough. */
	emit_bits(fx, VGIC_PHYS_SET_PENDING, w, value & word->hw & ~word->latch);
	word->soft |= value & valid(w) & word->hw & ~word->edge;
	word->latch |= bits;
	if (c)
		vgic_private_changed(c, d->ctlr, 0);
	changed(d, c, w, bits, fx);
}

static void clear_pending(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			  uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits;

	value &= not_sgis(d, c);
	bits = value & valid(w) & (word->latch | loaded(d, c, w));
	emit_bits(fx, VGIC_PHYS_CLEAR_PENDING, w, value & word->hw);
	emit_bits(fx, VGIC_PHYS_DEACTIVATE, w, bits & word->hw & word->latch & ~word->active);
	word->latch &= ~bits;
	word->soft &= ~value;
	word->drop_pending |= bits & loaded(d, c, w);
	if (c)
		vgic_private_changed(c, d->ctlr, 0);
	changed(d, c, w, bits, fx);
}

static uint32_t get_active(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			   uint32_t n)
{
	const struct vgic_word *word = word_get(d, c, w);

	return word->active | (word->seen_active & loaded(d, c, w));
}

static void set_active(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
		       uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits = value & ~word->active & valid(w);
	uint32_t rest;

	for (rest = c ? 0 : bits & ~word->loaded; rest; rest &= rest - 1) {
		uint32_t intid = w * 32 + (uint32_t)__builtin_ctz(rest);
		uint8_t target = d->target[intid];

		d->owner[intid] = target == VGIC_NO_CPU ? 0 : target;
	}
	emit_bits(fx, VGIC_PHYS_ACTIVATE, w, bits & word->hw);
	word->active |= bits;
	word->forced |= bits;
	changed(d, c, w, bits, fx);
}

static void clear_active(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			 uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t bits = value & valid(w) & (word->active | loaded(d, c, w));

	/* An active one that waits to be delivered again keeps the physical one active. */
	emit_bits(fx, VGIC_PHYS_DEACTIVATE, w, bits & word->hw & word->active & ~word->latch);
	word->active &= ~bits;
	word->forced &= ~bits;
	word->drop_active |= bits & loaded(d, c, w);
	changed(d, c, w, bits, fx);
}

static uint32_t get_priority(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			     uint32_t n)
{
	const uint8_t *p = (c ? c->priority : d->priority) + n * 4;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void set_priority(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			 uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	uint32_t bits = 0;
	uint32_t i;

	for (i = 0; i < 4; i++) {
		uint8_t *p = (c ? c->priority : d->priority) + n * 4 + i;
		uint8_t priority = value >> (8 * i) & d->priority_mask;

		if (!(lanes >> (8 * i) & 0xff) || *p == priority)
			continue;
		*p = priority;
		bits |= 1u << (n * 4 + i) % 32;
	}
	bits &= valid(w);
	if (c)
		vgic_private_changed(c, d->ctlr, bits);
	changed(d, c, w, bits & (loaded(d, c, w) | get_pending(d, c, w, 0)), fx);
}

/* With affinity routing these are reserved. */
static uint32_t get_targets(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			    uint32_t n)
{
	const uint64_t *router = &d->router[n * 4];

	if (!d->v2)
		return 0;
	if (c)
		return TARGETS_OWN << c->index;
	return (uint32_t)(router[0] | router[1] << 8 | router[2] << 16 | router[3] << 24);
}

static void retarget(struct vgic_dist *d, uint32_t intid, struct vgic_effects *fx);

static void set_targets(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	uint32_t i;

	for (i = 0; d->v2 && !c && i < 4; i++) {
		if (!(lanes >> (8 * i) & 0xff) || n * 4 + i >= VGIC_INTIDS)
			continue;
		d->router[n * 4 + i] = value >> (8 * i) & MASK(d->cpu_count - 1, 0);
		retarget(d, n * 4 + i, fx);
	}
}

/*
 * A GICv2's page from GICD_SGIR on, of a vCPU: GICD_CPENDSGIR<n> and GICD_SPENDSGIR<n>, the senders
 * of four SGIs each, and the identification registers.
 */
#define SGI_CPEND 4 /* GICD_CPENDSGIR0 */
#define SGI_SPEND 8
#define SGI_END   12
#define SGI_ID    ((ID_FIRST - 0xf000) / 4 - VGIC2_SGIR / 4)

/* PIDR4..7, PIDR0..3, CIDR0..3: those of a GIC-400, but for the product. */
static const uint8_t id_v2[] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};

static uint32_t get_senders(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			    uint32_t n)
{
	const uint8_t *from;

	if (!d->v2 || n < SGI_CPEND)
		return 0;
	if (n >= SGI_END)
		return n >= SGI_ID ? id_v2[n - SGI_ID] : 0;
	from = &c->sgi_from[n % 4 * 4];
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void set_senders(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
			uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	uint32_t i;

	if (!d->v2 || n < SGI_CPEND || n >= SGI_END)
		return;
	for (i = n % 4 * 4; i < n % 4 * 4 + 4; i++) {
		uint8_t bits = value >> (8 * (i % 4)) & MASK(d->cpu_count - 1, 0);

		if (!bits)
			continue;
		if (n >= SGI_SPEND)
			c->sgi_from[i] |= bits;
		else
			c->sgi_from[i] &= (uint8_t)~bits;
		c->word0.latch &= ~(1u << i);
		c->word0.latch |= (uint32_t)(c->sgi_from[i] != 0) << i;
		changed(d, c, w, 1u << i, fx);
	}
}

/* Bits 31, 29, ... 1 of a configuration register say edge for 16 interrupts. */
static uint32_t get_config(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w,
			   uint32_t n)
{
	uint32_t edge = word_get(d, c, w)->edge >> (n % 2 * 16);
	uint32_t value = 0;
	uint32_t i;

	for (i = 0; i < 16; i++)
		value |= (edge >> i & 1) << (2 * i + 1);
	return value;
}

static void set_config(struct vgic_dist *d, struct vgic_cpu *c, uint32_t w, uint32_t n,
		       uint32_t value, uint32_t lanes, struct vgic_effects *fx)
{
	struct vgic_word *word = word_of(d, c, w);
	uint32_t edge = 0;
	uint32_t bits, i;

	if (c && n == 0)
		return; /* SGIs are edge-triggered */
	for (i = 0; i < 16; i++)
		edge |= (value >> (2 * i + 1) & 1) << (n % 2 * 16 + i);
	bits = (edge ^ word->edge) & (0xffffu << (n % 2 * 16)) & valid(w);
	word->edge ^= bits;
	for (i = bits & word->hw; i && fx->count < VGIC_MAX_EFFECTS; i &= i - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(i);

		fx->list[fx->count++] = (struct vgic_effect){.kind = VGIC_PHYS_CONFIG,
							     .arg = word->edge >> bit & 1,
							     .intid = (uint16_t)(w * 32 + bit)};
	}
	if (c)
		vgic_private_changed(c, d->ctlr, bits);
	changed(d, c, w, bits, fx);
}

struct group {
	uint16_t offset;
	uint8_t widths;     /* sizes of access it takes, in bytes, added up */
	uint8_t word_shift; /* 32 interrupts have 1 << word_shift registers */
	get_fn *get;
	set_fn *set;
};

enum {
	RESERVED,
	IGROUPR,
	ISENABLER,
	ICENABLER,
	ISPENDR,
	ICPENDR,
	ISACTIVER,
	ICACTIVER,
	IPRIORITYR,
	ITARGETSR,
	ICFGR,
	SENDERS,
};

static const struct group groups[] = {
	[RESERVED] = {0, 1 | 4 | 8, 0, get_zero, set_nothing},
	[IGROUPR] = {0x080, 4, 0, get_group, set_group},
	[ISENABLER] = {0x100, 4, 0, get_enabled, set_enabled},
	[ICENABLER] = {0x180, 4, 0, get_enabled, clear_enabled},
	[ISPENDR] = {0x200, 4, 0, get_pending, set_pending},
	[ICPENDR] = {0x280, 4, 0, get_pending, clear_pending},
	[ISACTIVER] = {0x300, 4, 0, get_active, set_active},
	[ICACTIVER] = {0x380, 4, 0, get_active, clear_active},
	[IPRIORITYR] = {0x400, 1 | 4, 3, get_priority, set_priority},
	[ITARGETSR] = {0x800, 1 | 4, 3, get_targets, set_targets},
	[ICFGR] = {0xc00, 4, 1, get_config, set_config},
	[SENDERS] = {VGIC2_SGIR, 1 | 4 | 8, 6, get_senders, set_senders},
};

/*
 * The row for each 128 bytes. IGRPMODR, NSACR: reserved in one security state with ARE; so is the
 * last row.
 */
static const uint8_t group_at[GROUPS_END >> GROUP_SHIFT] = {
	[0x01] = IGROUPR,
	[0x02] = ISENABLER,
	[0x03] = ICENABLER,
	[0x04] = ISPENDR,
	[0x05] = ICPENDR,
	[0x06] = ISACTIVER,
	[0x07] = ICACTIVER,
	[0x08 ... 0x0f] = IPRIORITYR,
	[0x10 ... 0x17] = ITARGETSR,
	[0x18 ... 0x19] = ICFGR,
	[0x1e ... 0x1f] = SENDERS,
};

/* Private interrupts are word 0, SPIs the others. */
static inline bool word_exists(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t w)
{
	return c ? w == 0 : w - 1 < d->words - 1;
}

static bool group_read(const struct vgic_dist *d, const struct vgic_cpu *c, uint64_t offset,
		       uint32_t bytes, uint64_t *value)
{
	const struct group *g = &groups[group_at[offset >> GROUP_SHIFT]];
	uint32_t n = (uint32_t)(offset - g->offset) / 4;
	uint32_t w = n >> g->word_shift;

	if (!(g->widths & bytes))
		return false;
	*value = word_exists(d, c, w) ? g->get(d, c, w, n) : 0;
	if (bytes == 1)
		*value = *value >> (offset % 4 * 8) & 0xff;
	return true;
}

static bool group_write(struct vgic_dist *d, struct vgic_cpu *c, uint64_t offset, uint32_t bytes,
			uint64_t value, struct vgic_effects *fx)
{
	const struct group *g = &groups[group_at[offset >> GROUP_SHIFT]];
	uint32_t n = (uint32_t)(offset - g->offset) / 4;
	uint32_t w = n >> g->word_shift;
	uint32_t shift = offset % 4 * 8;

	if (!(g->widths & bytes))
		return false;
	if (!word_exists(d, c, w))
		return true;
	if (bytes == 1)
		g->set(d, c, w, n, (uint32_t)value << shift, 0xffu << shift, fx);
	else
		g->set(d, c, w, n, (uint32_t)value, ~0u, fx);
	return true;
}

/* --- the distributor --- */

/* PIDR4..7, PIDR0..3, CIDR0..3; PIDR2 says GICv3 (IHI 0069 12.1.13). */
static const uint8_t id_dist[] = {0x04, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
static const uint8_t id_redist[] = {0x04, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

uint32_t vgic_loaded_elsewhere(struct vgic_dist *d, const struct vgic_cpu *c, uint32_t word)
{
	uint32_t rest = d->word[word].loaded;
	uint32_t mine = 0;

	for (; rest; rest &= rest - 1) {
		if (d->owner[word * 32 + (uint32_t)__builtin_ctz(rest)] == c->index)
			mine |= rest & -rest;
	}
	d->word[word].loaded &= ~mine | c->in_lr[word];
	return d->word[word].loaded & ~mine;
}

bool vgic_is_synced(const struct vgic_dist *d, uint32_t mask)
{
	for (; mask; mask &= mask - 1) {
		const struct vgic_cpu *c = d->cpu[__builtin_ctz(mask)];

		if (__atomic_load_n(&c->slow, __ATOMIC_RELAXED) & VGIC_SLOW_SYNC)
			return false;
	}
	return true;
}

/*
 * RWP: not all has taken effect that was written as long as some list registers are to follow. A
 * GICv2 does not have it.
 */
static uint64_t dist_ctlr(const struct vgic_dist *d)
{
	bool synced = vgic_is_synced(d, MASK(d->cpu_count - 1, 0));

	return d->v2 ? d->ctlr : d->ctlr | CTLR_DS | CTLR_ARE | (synced ? 0 : CTLR_RWP);
}

static bool is_router(const struct vgic_dist *d, uint64_t offset)
{
	return offset >= IROUTER + 8 * VGIC_PRIVATE && offset < IROUTER_END &&
	       offset < IROUTER + 8 * VGIC_INTIDS && offset < IROUTER + 256 * d->words;
}

static bool dist_read_rest(const struct vgic_dist *d, uint64_t offset, uint32_t bytes,
			   uint64_t *value)
{
	*value = 0;
	if (is_router(d, offset)) {
		*value = d->router[(offset - IROUTER) / 8] >> (offset % 8 * 8);
		if (bytes == 4)
			*value &= UINT32_MAX;
		return bytes >= 4;
	}
	if (offset >= ID_FIRST) {
		*value = offset % 4 ? 0 : id_dist[(offset - ID_FIRST) / 4];
		return bytes == 4;
	}
	return bytes != 2;
}

/* Apart, so that the short way to GICD_TYPER needs no stack. */
static __attribute__((noinline)) bool dist_read_general(const struct vgic_dist *d, uint64_t offset,
							uint32_t bytes, uint64_t *value)
{
	if (offset >= GROUPS_END)
		return dist_read_rest(d, offset, bytes, value);
	if (offset >= 1 << GROUP_SHIFT)
		return group_read(d, NULL, offset, bytes, value);
	*value = 0;
	if (offset == 0x0)
		*value = dist_ctlr(d);
	else if (offset == 0x8)
		*value = IIDR;
	return bytes == 4;
}

bool vgic_dist_read(const struct vgic_dist *d, uint64_t offset, uint32_t bytes, uint64_t *value)
{
	if (offset != 0x4 || bytes != 4)
		return dist_read_general(d, offset, bytes, value);
	*value = d->typer;
	return true;
}

static void set_control(struct vgic_dist *d, uint32_t value, struct vgic_effects *fx)
{
	uint32_t ctlr = value & (VGIC_CTLR_GRP0 | VGIC_CTLR_GRP1);

	fx->all = ctlr != d->ctlr;
	d->ctlr = ctlr;
}

static bool is_on(const struct vgic_dist *d, uint32_t cpu)
{
	return !(__atomic_load_n(&d->cpu[cpu]->slow, __ATOMIC_RELAXED) & VGIC_SLOW_OFFLINE);
}

/* GICv2: any CPU of a list may take it; the first that is on does. */
static uint8_t select_from_list(const struct vgic_dist *d, uint64_t list)
{
	uint64_t rest;

	for (rest = list; rest; rest &= rest - 1) {
		if (is_on(d, (uint32_t)__builtin_ctzll(rest)))
			return (uint8_t)__builtin_ctzll(rest);
	}
	return list ? (uint8_t)__builtin_ctzll(list) : VGIC_NO_CPU;
}

/* 1 of N (GICD_IROUTER.Interrupt_Routing_Mode): the first vCPU that is on. */
static uint8_t select_target(const struct vgic_dist *d, uint64_t router)
{
	uint32_t i;

	if (d->v2)
		return select_from_list(d, router);

	for (i = 0; i < d->cpu_count; i++) {
		if (router & IROUTER_IRM) {
			if (is_on(d, i))
				return (uint8_t)i;
		} else if (d->mpidr[i] == (router & AFFINITY)) {
			return (uint8_t)i;
		}
	}
	return router & IROUTER_IRM ? 0 : VGIC_NO_CPU;
}

static void retarget(struct vgic_dist *d, uint32_t intid, struct vgic_effects *fx)
{
	uint32_t bit = 1u << intid % 32;
	uint8_t target = select_target(d, d->router[intid]);

	if (target == d->target[intid])
		return;
	fx->from = d->target[intid];
	fx->word = intid / 32;
	fx->changed |= bit;
	d->target[intid] = target;
	if ((d->word[intid / 32].hw & bit) && target != VGIC_NO_CPU && fx->count < VGIC_MAX_EFFECTS)
		fx->list[fx->count++] = (struct vgic_effect){
			.kind = VGIC_PHYS_ROUTE, .arg = target, .intid = (uint16_t)intid};
}

void vgic_choose_again(struct vgic_dist *d, uint32_t w, uint32_t gone, struct vgic_effects *fx)
{
	uint32_t intid;

	for (intid = w * 32; intid < w * 32 + 32; intid++) {
		if (d->target[intid] == gone && (d->v2 || (d->router[intid] & IROUTER_IRM)))
			retarget(d, intid, fx);
	}
}

uint32_t vgic2_sgi_targets(const struct vgic_dist *d, uint32_t self, uint32_t sgir)
{
	uint32_t all = (uint32_t)MASK(d->cpu_count - 1, 0);

	switch (SGIR_FILTER(sgir)) {
	case 0:
		return SGIR_LIST(sgir) & all;
	case 1:
		return all & ~(1u << self);
	case 2:
		return 1u << self;
	default:
		return 0;
	}
}

static void set_router(struct vgic_dist *d, uint64_t offset, uint32_t bytes, uint64_t value,
		       struct vgic_effects *fx)
{
	uint32_t intid = (uint32_t)(offset - IROUTER) / 8;
	uint64_t router = d->router[intid];

	if (bytes == 8)
		router = value;
	else if (offset % 8)
		router = bits_set(router, 63, 32, value);
	else
		router = bits_set(router, 31, 0, value);
	d->router[intid] = router & (AFFINITY | IROUTER_IRM);
	retarget(d, intid, fx);
}

bool vgic_dist_write(struct vgic_dist *d, uint64_t offset, uint32_t bytes, uint64_t value,
		     struct vgic_effects *fx)
{
	if (offset < 1 << GROUP_SHIFT) {
		if (bytes == 4 && offset == 0)
			set_control(d, (uint32_t)value, fx);
		return bytes == 4;
	}
	if (offset < GROUPS_END)
		return group_write(d, NULL, offset, bytes, value, fx);
	if (is_router(d, offset)) {
		if (bytes >= 4)
			set_router(d, offset, bytes, value, fx);
		return bytes >= 4;
	}
	return offset >= ID_FIRST ? bytes == 4 : bytes != 2;
}

/* --- a redistributor --- */

static bool redist_read(const struct vgic_cpu *c, uint64_t offset, uint32_t bytes, uint64_t *value)
{
	*value = 0;
	switch (offset) {
	case 0x0:
		if (__atomic_load_n(&c->slow, __ATOMIC_RELAXED) & VGIC_SLOW_SYNC)
			*value = GICR_RWP;
		return bytes == 4;
	case 0x4:
		*value = IIDR;
		return bytes == 4;
	case 0x8:
		*value = bytes == 8 ? c->typer : c->typer & UINT32_MAX;
		return bytes >= 4;
	case 0xc:
		*value = c->typer >> 32;
		return bytes == 4;
	case 0x14:
		*value = c->asleep ? WAKER_SLEEP | WAKER_ASLEEP : 0;
		return bytes == 4;
	default:
		if (offset >= ID_FIRST && offset % 4 == 0)
			*value = id_redist[(offset - ID_FIRST) / 4];
		return bytes >= 4;
	}
}

bool vgic_cpu_read(const struct vgic_dist *d, const struct vgic_cpu *c, uint64_t offset,
		   uint32_t bytes, uint64_t *value)
{
	if (offset < SGI_BASE)
		return redist_read(c, offset, bytes, value);
	if (offset < SGI_BASE + GROUPS_END)
		return group_read(d, c, offset - SGI_BASE, bytes, value);
	*value = 0;
	return bytes != 2;
}

bool vgic_cpu_write(struct vgic_dist *d, struct vgic_cpu *c, uint64_t offset, uint32_t bytes,
		    uint64_t value, struct vgic_effects *fx)
{
	if (offset >= SGI_BASE && offset < SGI_BASE + GROUPS_END)
		return group_write(d, c, offset - SGI_BASE, bytes, value, fx);
	if (offset == 0x14 && bytes == 4)
		c->asleep = value & WAKER_SLEEP;
	return bytes >= 4;
}
