/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of an interrupt is spread over bitmaps of 32, in the form in which the registers
 * show them (struct vgic_word). From it follows what a vCPU wants in a list register:
 *
 *   act   it is active, and no list register says so: it needs one so that the guest's EOI or
 *	   DIR finds it;
 *   want  it is pending, enabled, its group is enabled, it is not active, and it is this vCPU's.
 *
 * vgic_eval() keeps these two up to date, one interrupt at a time, whenever something changed.
 * An interrupt in a list register is in neither: the hardware has its pending and active state,
 * and only the CPU with that list register can look. So whoever changes such an interrupt
 * leaves a note (VGIC_SLOW_SYNC) and that CPU is kicked; it folds all its list registers back
 * into the model, which decides anew, and fills them again. The guest sees RWP until then.
 *
 * An interrupt is in the list registers of one vCPU at most. in_lr[] of a vCPU may say so for
 * longer than it is true: a list register that the guest has emptied is noticed when it is used
 * again or folded. That is safe, as an emptied list register holds nothing to hand back: one
 * that has something to tell (a level-sensitive interrupt to be looked at after its EOI) asks
 * for a maintenance interrupt, and does not count as empty until that is served.
 *
 * When there is more than fits, pending interrupts go first, by priority, then active ones, by
 * priority. The maintenance interrupt then comes when list registers run out of pending ones
 * (NPIE, UIE); the guest's EOI of an interrupt that is in none is counted by the hardware
 * (LRENPIE) and its DIR trapped (TDIR). DIR is also trapped for a guest with EOImode 1 on
 * several vCPUs: it may deactivate an SPI on another CPU than the one that has it.
 *
 * Hardware-linked interrupts: while the guest has it pending or active, the physical one is
 * active, so it cannot come again. `latch` then means acknowledged and not yet delivered. One
 * that the guest disables meanwhile, or makes active by a register, goes back to the physical
 * GIC, which keeps it pending if it is an edge, and looks at the line if it is a level.
 */
#include "lib/vgic.h"

/*
 * GICv2: a list register can name one sender of an SGI. Others that sent the same wait in
 * sgi_from[] until the guest has ended it, which the list register then asks to be told of; so
 * does one that is sent while the guest has it active.
 */

#define PRIORITY_SHIFT 10 /* of a sort key: above the INTID */
#define KEY_ACTIVE     BIT(18)
#define KEY_INTID      0x3ff

#define TYPER_ID_BITS (9u << 19) /* INTIDs have 10 bits */
#define TYPER_A3V     (1u << 24)
#define TYPER_RSS     (1u << 26)

#define GICR_TYPER_LAST BIT(4)

static inline uint32_t bit_of(uint32_t intid)
{
	return 1u << (intid % 32);
}

static inline struct vgic_word *word_of(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid)
{
	return intid < VGIC_PRIVATE ? &c->word0 : &d->word[intid / 32];
}

static inline void emit(struct vgic_effects *fx, enum vgic_effect_kind kind, uint32_t intid)
{
	if (fx->count < VGIC_MAX_EFFECTS)
		fx->list[fx->count++] =
			(struct vgic_effect){.kind = (uint8_t)kind, .intid = (uint16_t)intid};
}

/* --- setting up --- */

static void clusters_init(struct vgic_dist *d)
{
	uint32_t i, k;

	for (i = 0; i < d->cpu_count; i++) {
		uint64_t m = d->mpidr[i];
		uint64_t key = bits_get(m, 39, 32) << 48 | bits_get(m, 23, 16) << 32 |
			       bits_get(m, 15, 8) << 16 | bits_get(m, 7, 4) << 44;

		for (k = 0; k < d->cluster_count && d->cluster[k].key != key; k++)
			;
		if (k == d->cluster_count)
			d->cluster[d->cluster_count++].key = key;
		d->cluster[k].present |= (uint16_t)(1u << (m & 15));
		d->cluster[k].cpu[m & 15] = (uint8_t)i;
		if (bits_get(m, 39, 32))
			d->typer |= TYPER_A3V;
		if (bits_get(m, 7, 4))
			d->typer |= TYPER_RSS;
	}
}

static void cpu_init(struct vgic_cpu *c, uint32_t index, uint64_t mpidr, uint32_t lr_count)
{
	uint32_t i;

	*c = (struct vgic_cpu){0};
	c->index = (uint8_t)index;
	c->lr_count = (uint8_t)lr_count;
	c->slow = VGIC_SLOW_OFFLINE;
	c->asleep = true;
	c->hcr = VGIC_HCR_EN;
	c->word0.edge = MASK(VGIC_SGIS - 1, 0);
	c->typer = (bits_get(mpidr, 39, 32) << 24 | bits_get(mpidr, 23, 0)) << 32 | index << 8;
	for (i = 0; i < VGIC_MAX_LRS; i++)
		c->lr_intid[i] = VGIC_SLOTS - 1; /* an INTID that does not exist */
	vgic_private_changed(c, 0, ~0u);
}

enum err vgic_init(struct vgic_dist *d, struct vgic_cpu *const cpu[], const uint64_t mpidr[],
		   uint32_t cpu_count, uint32_t intid_count, uint32_t lr_count,
		   uint32_t priority_bits)
{
	uint32_t i;

	if (cpu_count < 1 || cpu_count > VGIC_MAX_CPUS || intid_count < VGIC_PRIVATE ||
	    intid_count > VGIC_INTIDS || lr_count < 1 || lr_count > VGIC_MAX_LRS ||
	    priority_bits < 4 || priority_bits > 8)
		return ERR_RANGE;
	*d = (struct vgic_dist){0};
	d->words = (intid_count + 31) / 32;
	d->typer = TYPER_ID_BITS | (d->words - 1);
	d->priority_mask = 0xff & ~(0xffu >> priority_bits);
	d->cpu_count = cpu_count;
	for (i = 0; i < cpu_count; i++) {
		d->cpu[i] = cpu[i];
		d->mpidr[i] = mpidr[i];
		cpu_init(cpu[i], i, mpidr[i], lr_count);
	}
	clusters_init(d);
	for (i = VGIC_PRIVATE; i < VGIC_SLOTS; i++)
		d->router[i] = mpidr[0]; /* and target[] and owner[] 0, that vCPU's number */
	return ERR_OK;
}

enum err vgic2_set(struct vgic_dist *d)
{
	uint32_t i;

	if (d->cpu_count > VGIC2_MAX_CPUS)
		return ERR_RANGE;
	d->v2 = true;
	d->typer = (d->words - 1) | (d->cpu_count - 1) << 5;
	for (i = VGIC_PRIVATE; i < VGIC_SLOTS; i++)
		d->router[i] = 1; /* target[] is 0 */
	for (i = 0; i < d->cpu_count; i++) {
		d->cpu[i]->word0.enabled = MASK(VGIC_SGIS - 1, 0); /* for ever */
		vgic_private_changed(d->cpu[i], d->ctlr, 0);
	}
	return ERR_OK;
}

void vgic_hw_set(struct vgic_dist *d, uint32_t intid)
{
	uint32_t i;

	if (intid >= VGIC_PRIVATE) {
		d->word[intid / 32].hw |= bit_of(intid);
		return;
	}
	for (i = 0; i < d->cpu_count; i++) {
		d->cpu[i]->word0.hw |= bit_of(intid);
		vgic_private_changed(d->cpu[i], d->ctlr, bit_of(intid));
	}
}

enum err vgic_region_set(struct vgic_dist *d, uint32_t r, uint32_t stride_shift,
			 const uint8_t cpu[], uint32_t count)
{
	struct vgic_region *region = &d->region[r];
	uint32_t i;

	if (r >= VGIC_FRAME_REGIONS || count > VGIC_MAX_CPUS || stride_shift < 17 ||
	    stride_shift > 32)
		return ERR_RANGE;
	region->count = count;
	region->stride_shift = stride_shift;
	for (i = 0; i < count; i++) {
		if (cpu[i] >= d->cpu_count)
			return ERR_RANGE;
		region->cpu[i] = cpu[i];
	}
	if (count)
		d->cpu[cpu[count - 1]]->typer |= GICR_TYPER_LAST;
	return ERR_OK;
}

/* --- what a vCPU wants --- */

static uint32_t groups_enabled(uint32_t ctlr, uint32_t group)
{
	return (ctlr & VGIC_CTLR_GRP0 ? ~group : 0) | (ctlr & VGIC_CTLR_GRP1 ? group : 0);
}

void vgic_private_changed(struct vgic_cpu *c, uint32_t ctlr, uint32_t mask)
{
	const struct vgic_word *w = &c->word0;

	c->open = w->enabled & ~(w->soft | c->soft_loaded) & groups_enabled(ctlr, w->group);
	for (; mask; mask &= mask - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(mask);
		uint64_t lr = VGIC_LR_PENDING | i | (uint64_t)c->priority[i] << VGIC_LR_PRIO_SHIFT;

		if (w->group >> i & 1)
			lr |= VGIC_LR_GROUP1;
		if (w->hw >> i & 1)
			lr |= VGIC_LR_HW | (uint64_t)i << VGIC_LR_PINTID_SHIFT;
		else if (!(w->edge >> i & 1))
			lr |= VGIC_LR_EOI;
		c->template[i] = lr;
	}
}

static inline void map_set(uint32_t map[], uint32_t *sum, uint32_t intid)
{
	map[intid / 32] |= bit_of(intid);
	*sum |= 1u << (intid / 32);
}

static inline void map_clear(uint32_t map[], uint32_t *sum, uint32_t intid)
{
	map[intid / 32] &= ~bit_of(intid);
	if (!map[intid / 32])
		*sum &= ~(1u << (intid / 32));
}

/*
 * A hardware-linked interrupt that was acknowledged but will not be delivered now: the guest
 * disabled it, or has it active. See the top.
 */
static void give_back(struct vgic_word *w, uint32_t intid, struct vgic_effects *fx)
{
	uint32_t bit = bit_of(intid);

	if (!(w->hw & w->latch & (~w->enabled | w->active) & bit))
		return;
	w->latch &= ~bit;
	if ((w->edge | w->soft) & bit)
		emit(fx, VGIC_PHYS_SET_PENDING, intid);
	if (!(w->active & bit))
		emit(fx, VGIC_PHYS_DEACTIVATE, intid);
}

static void kick(struct vgic_cpu *c, struct vgic_effects *fx)
{
	if (!(c->slow & VGIC_SLOW_OFFLINE))
		fx->kick |= 1u << c->index;
}

void vgic_want_sync(struct vgic_cpu *c, struct vgic_effects *fx)
{
	if (!c->used || (c->slow & VGIC_SLOW_OFFLINE))
		return;
	c->slow |= VGIC_SLOW_SYNC;
	kick(c, fx);
}

bool vgic_eval(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid, struct vgic_effects *fx)
{
	struct vgic_word *w = word_of(d, c, intid);
	uint32_t bit = bit_of(intid);
	bool spi = intid >= VGIC_PRIVATE;

	if (c->in_lr[intid / 32] & bit) {
		vgic_want_sync(c, fx);
		return false;
	}
	map_clear(c->want, &c->want_sum, intid);
	map_clear(c->act, &c->act_sum, intid);
	if (spi && ((w->loaded | w->active) & bit) && d->owner[intid] != c->index)
		return false; /* whoever made it so had it evaluated there */
	w->loaded &= ~bit;
	w->drop_pending &= ~bit; /* there is nothing to drop it from */
	w->drop_active &= ~bit;
	give_back(w, intid, fx);
	if (w->active & bit) {
		map_set(c->act, &c->act_sum, intid);
		kick(c, fx);
		return false;
	}
	if (!((w->latch | (w->line & ~w->edge)) & w->enabled & groups_enabled(d->ctlr, w->group) &
	      bit))
		return false;
	if (spi && d->target[intid] != c->index)
		return true;
	map_set(c->want, &c->want_sum, intid);
	kick(c, fx);
	return false;
}

void vgic_eval_all(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_effects *fx)
{
	uint32_t n, bits;

	vgic_private_changed(c, d->ctlr, 0);
	vgic_want_sync(c, fx);
	for (n = 0; n < d->words; n++) {
		struct vgic_word *w = n ? &d->word[n] : &c->word0;

		bits = (w->latch | w->line | w->active) & ~c->in_lr[n];
		for (; bits; bits &= bits - 1) {
			uint32_t intid = n * 32 + (uint32_t)__builtin_ctz(bits);

			if (!n || d->owner[intid] == c->index || d->target[intid] == c->index)
				vgic_eval(d, c, intid, fx);
		}
	}
}

/* --- list registers --- */

static inline void see(struct vgic_word *w, uint32_t bit, bool pending, bool active)
{
	w->seen_pending = pending ? w->seen_pending | bit : w->seen_pending & ~bit;
	w->seen_active = active ? w->seen_active | bit : w->seen_active & ~bit;
}

static inline bool is_sgi2(const struct vgic_dist *d, uint32_t intid)
{
	return d->v2 && intid < VGIC_SGIS;
}

/* Takes what list register n held, with hardware state lr, back into the model. */
static void fold_one(struct vgic_dist *d, struct vgic_cpu *c, uint32_t n, uint64_t lr,
		     struct vgic_effects *fx)
{
	uint32_t intid = c->lr_intid[n];
	uint32_t bit = bit_of(intid);
	struct vgic_word *w = word_of(d, c, intid);
	bool pending = lr & VGIC_LR_PENDING;
	bool active = lr & VGIC_LR_ACTIVE;
	bool hw = w->hw & bit;

	c->in_lr[intid / 32] &= ~bit;
	if (intid < VGIC_PRIVATE || d->owner[intid] == c->index) {
		if (w->drop_pending & bit) {
			if (pending && hw)
				emit(fx, VGIC_PHYS_DEACTIVATE, intid);
			pending = false;
		}
		if (w->drop_active & bit) {
			if (active && hw)
				emit(fx, VGIC_PHYS_DEACTIVATE, intid);
			active = false;
		}
		w->drop_pending &= ~bit;
		w->drop_active &= ~bit;
		w->loaded &= ~bit;
		see(w, bit, pending, active);
		if (pending && (hw || (w->edge & bit) || (c->notes & VGIC_NOTE_LATCH << n)))
			w->latch |= bit;
		if (pending && is_sgi2(d, intid))
			c->sgi_from[intid] |= (uint8_t)(1u << c->sgi_taken[intid]);
		if (active)
			w->active |= bit;
		if (pending && (c->notes & VGIC_NOTE_SOFT << n))
			w->soft |= bit;
		if (!(w->active & bit) || (active && !(c->notes & VGIC_NOTE_FORCED << n)))
			w->forced &= ~bit;
	}
	if (vgic_eval(d, c, intid, fx))
		emit(fx, VGIC_MOVE, intid);
}

/* The sort key of an interrupt, without KEY_ACTIVE: the lower, the earlier. */
static uint32_t map_key(const struct vgic_dist *d, const struct vgic_cpu *c, uint32_t intid)
{
	uint32_t priority = intid < VGIC_PRIVATE ? c->priority[intid] : d->priority[intid];

	return priority << PRIORITY_SHIFT | intid;
}

/*
 * The guest ended an active interrupt that was in no list register. With EOImode 0 guests do so
 * in the order of priority, so it was the one with the highest; with EOImode 1 only the
 * priority was dropped.
 */
static void count_eoi(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_effects *fx)
{
	uint32_t best = UINT32_MAX;
	uint32_t sum, bits;

	for (sum = c->act_sum; sum; sum &= sum - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(sum);
		const struct vgic_word *w = n ? &d->word[n] : &c->word0;

		for (bits = c->act[n] & ~w->forced; bits; bits &= bits - 1) {
			uint32_t key = map_key(d, c, n * 32 + (uint32_t)__builtin_ctz(bits));

			best = key < best ? key : best;
		}
	}
	if (best != UINT32_MAX)
		vgic_deactivate(d, c, best & KEY_INTID, fx);
}

void vgic_fold(struct vgic_dist *d, struct vgic_cpu *c, const struct vgic_lrs *lrs,
	       struct vgic_effects *fx)
{
	uint32_t count = lrs->eoi_mode ? 0 : lrs->eoi_count;
	uint32_t used = c->used;

	for (; count && c->act_sum; count--)
		count_eoi(d, c, fx);
	for (; used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		if (c->in_lr[c->lr_intid[n] / 32] & bit_of(c->lr_intid[n]))
			fold_one(d, c, n, lrs->lr[n], fx);
		c->lr_intid[n] = VGIC_SLOTS - 1;
	}
	if (c->soft_loaded) {
		c->soft_loaded = 0;
		vgic_private_changed(c, d->ctlr, 0);
	}
	c->slow &= ~VGIC_SLOW_SYNC;
}

/* Who sent the SGI that is put into a list register; the others wait. */
static uint64_t put_sender(struct vgic_cpu *c, uint32_t intid, bool pending)
{
	uint8_t *from = &c->sgi_from[intid];

	if (pending) {
		c->sgi_taken[intid] = (uint8_t)__builtin_ctz(*from);
		*from &= (uint8_t)(*from - 1);
	}
	if (*from)
		c->word0.latch |= bit_of(intid);
	return (uint64_t)c->sgi_taken[intid] << VGIC2_LR_CPU_SHIFT | (*from ? VGIC_LR_EOI : 0);
}

/*
 * The list register for an interrupt that is in want or act, out of which it is taken. What the
 * guest had made pending itself takes its soft along: an emptied list register that is used again
 * is not folded, and nothing is to be left of it then.
 */
static uint64_t put(struct vgic_dist *d, struct vgic_cpu *c, uint32_t n, uint32_t key)
{
	uint32_t intid = key & KEY_INTID;
	uint32_t bit = bit_of(intid);
	struct vgic_word *w = word_of(d, c, intid);
	bool ready = (w->latch | (w->line & ~w->edge)) & w->enabled &
		     groups_enabled(d->ctlr, w->group) & bit;
	bool pending = true;
	uint64_t lr = intid | (uint64_t)(key >> PRIORITY_SHIFT & 0xff) << VGIC_LR_PRIO_SHIFT;

	c->injected++;
	if (w->group & bit)
		lr |= VGIC_LR_GROUP1;
	if (w->hw & bit)
		lr |= VGIC_LR_HW | (uint64_t)intid << VGIC_LR_PINTID_SHIFT;
	else if (!(w->edge & bit))
		lr |= VGIC_LR_EOI;
	if (w->active & bit) {
		lr |= VGIC_LR_ACTIVE;
		/* Both at once only where neither a line nor the physical interrupt repeats it. */
		pending = ready && (w->edge & ~w->hw & bit) && !is_sgi2(d, intid);
		if (pending && intid >= VGIC_PRIVATE && d->target[intid] != c->index) {
			pending = false;
			lr |= VGIC_LR_EOI; /* then it moves */
		}
	}
	vgic_take(c, n, intid);
	see(w, bit, pending, w->active & bit);
	if (pending) {
		lr |= VGIC_LR_PENDING;
		if (w->latch & bit && !(w->edge & bit))
			c->notes |= VGIC_NOTE_LATCH << n;
		w->latch &= ~bit;
		if (w->soft & bit) {
			c->notes |= VGIC_NOTE_SOFT << n;
			w->soft &= ~bit;
			c->soft_loaded |= intid < VGIC_PRIVATE ? bit : 0;
		}
	}
	if (is_sgi2(d, intid))
		lr |= put_sender(c, intid, pending);
	if (w->active & w->forced & bit)
		c->notes |= VGIC_NOTE_FORCED << n;
	w->active &= ~bit;
	map_clear(c->want, &c->want_sum, intid);
	map_clear(c->act, &c->act_sum, intid);
	if (intid < VGIC_PRIVATE) {
		c->lr_of[intid] = (uint8_t)n;
	} else {
		d->owner[intid] = c->index;
		w->loaded |= bit;
	}
	return lr;
}

/* Keeps the lowest `max` keys, in order; max is not 0. */
static uint32_t key_insert(uint32_t keys[], uint32_t count, uint32_t max, uint32_t key)
{
	uint32_t i;

	if (count == max) {
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): max > 0 */
		if (key > keys[max - 1])
			return count;
		count--;
	}
	for (i = count; i > 0 && keys[i - 1] > key; i--)
		keys[i] = keys[i - 1];
	keys[i] = key;
	return count + 1;
}

static uint32_t choose(const struct vgic_dist *d, const struct vgic_cpu *c, const uint32_t map[],
		       uint32_t sum, uint32_t class, uint32_t keys[], uint32_t count)
{
	uint32_t bits;

	for (; sum; sum &= sum - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(sum);

		for (bits = map[n]; bits; bits &= bits - 1) {
			uint32_t intid = n * 32 + (uint32_t)__builtin_ctz(bits);

			count = key_insert(keys, count, c->lr_count, class | map_key(d, c, intid));
		}
	}
	return count;
}

void vgic_fill(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_lrs *lrs)
{
	uint32_t keys[VGIC_MAX_LRS];
	uint32_t count, n;
	uint32_t write = c->used; /* those are to be emptied at least */

	c->hcr = VGIC_HCR_EN;
	c->used = 0;
	c->notes = 0;
	c->slow &= ~VGIC_SLOW_OVERFLOW;
	for (n = 0; n < c->lr_count; n++)
		lrs->lr[n] = 0;
	count = choose(d, c, c->want, c->want_sum, 0, keys, 0);
	count = choose(d, c, c->act, c->act_sum, KEY_ACTIVE, keys, count);
	for (n = 0; n < count; n++)
		lrs->lr[n] = put(d, c, n, keys[n]);
	if (c->want_sum)
		c->hcr |= VGIC_HCR_NPIE | (c->lr_count > 1 ? VGIC_HCR_UIE : 0);
	if (c->act_sum)
		c->hcr |= VGIC_HCR_LRENPIE | VGIC_HCR_TDIR;
	if (d->split)
		c->hcr |= VGIC_HCR_TDIR;
	if (c->want_sum | c->act_sum)
		c->slow |= VGIC_SLOW_OVERFLOW;
	lrs->write = (uint16_t)(write | c->used);
}

void vgic_cpu_online(struct vgic_dist *d, struct vgic_cpu *c, bool online)
{
	c->slow &= ~VGIC_SLOW_OFFLINE;
	if (online)
		return;
	c->slow |= VGIC_SLOW_OFFLINE;
	c->used = 0;
}

void vgic_cpu_forget(struct vgic_dist *d, struct vgic_cpu *c)
{
	uint32_t n;

	/* Its running priority is forgotten. */
	c->word0.forced |= c->act[0];
	for (n = 1; n < d->words; n++)
		d->word[n].forced |= c->act[n];
}

/* --- events --- */

void vgic_line_set(struct vgic_dist *d, uint32_t intid, bool level, struct vgic_effects *fx)
{
	struct vgic_word *w = &d->word[intid / 32];
	uint32_t bit = bit_of(intid);

	if (level == !!(w->line & bit))
		return;
	fx->word = intid / 32;
	if (level) {
		w->line |= bit;
		if (w->edge & bit)
			w->latch |= bit;
		else if (w->loaded & bit)
			return; /* looked at again when the guest ends it */
	} else {
		w->line &= ~bit;
	}
	fx->changed = bit;
}

void vgic_private_line_set(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid, bool level,
			   struct vgic_effects *fx)
{
	struct vgic_word *w = &c->word0;
	uint32_t bit = bit_of(intid);

	if (level == !!(w->line & bit))
		return;
	w->line ^= bit;
	if (level && (w->edge & bit))
		w->latch |= bit;
	vgic_eval(d, c, intid, fx);
}

void vgic_spi_arrived(struct vgic_dist *d, uint32_t intid)
{
	struct vgic_word *w = &d->word[intid / 32];

	/* It could not come while a list register linked to it was in use. */
	w->loaded &= ~bit_of(intid);
	w->latch |= bit_of(intid);
}

int vgic_spi_fast(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid, uint32_t empty,
		  uint64_t *lr)
{
	struct vgic_word *w = &d->word[intid / 32];
	uint32_t bit = bit_of(intid);
	uint32_t n;

	if (c->slow || d->target[intid] != c->index || ((w->active | w->latch | w->soft) & bit) ||
	    !(w->enabled & groups_enabled(d->ctlr, w->group) & bit))
		return -1;
	if (c->in_lr[intid / 32] & bit) {
		for (n = 0; c->lr_intid[n] != intid; n++) {
			if (n == c->lr_count - 1u)
				return -1;
		}
		if (!(empty >> n & 1))
			return -1;
		c->notes &= ~(VGIC_NOTE_SOFT << n);
	} else {
		if (!empty)
			return -1;
		n = (uint32_t)__builtin_ctz(empty);
		vgic_take(c, n, intid);
	}
	d->owner[intid] = c->index;
	w->loaded |= bit;
	see(w, bit, true, false);
	*lr = VGIC_LR_PENDING | VGIC_LR_HW | (uint64_t)intid << VGIC_LR_PINTID_SHIFT | intid |
	      (uint64_t)d->priority[intid] << VGIC_LR_PRIO_SHIFT;
	if (w->group & bit)
		*lr |= VGIC_LR_GROUP1;
	return (int)n;
}

void vgic_deactivate(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid,
		     struct vgic_effects *fx)
{
	uint32_t bit = bit_of(intid);
	struct vgic_word *w;

	if (intid >= d->words * 32)
		return;
	w = word_of(d, c, intid);
	if (intid >= VGIC_PRIVATE && (w->loaded & bit)) {
		w->drop_active |= bit;
		emit(fx, VGIC_MOVE, intid);
		return;
	}
	if (!(w->active & bit))
		return;
	w->active &= ~bit;
	w->forced &= ~bit;
	if (w->hw & bit)
		emit(fx, VGIC_PHYS_DEACTIVATE, intid);
	if (vgic_eval(d, c, intid, fx) || (intid >= VGIC_PRIVATE && d->owner[intid] != c->index))
		emit(fx, VGIC_MOVE, intid);
}
