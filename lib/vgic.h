/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_VGIC_H
#define LIB_VGIC_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * Model of one VM's GICv3 (Arm IHI 0069): a distributor and a redistributor for each vCPU,
 * one security state (GICD_CTLR.DS 1), affinity routing always on, no LPIs. Pure: the caller
 * holds the locks, moves list registers between the hardware and this model, and carries out
 * the effects that come back. lib/vgic.c opens with how it works.
 *
 * Or of its GICv2 (IHI 0048, vgic2_set()) without security extensions: the distributor, with
 * target lists of CPUs instead of affinities and an SGI pending for each CPU that sent it; an SPI
 * for several CPUs goes to the first that is on. What a redistributor has is a CPU's own part of
 * the distributor. The CPU interface is the hardware's.
 *
 * Who may touch what: "dist" is a lock for the VM's struct vgic_dist, "cpu" one for each
 * struct vgic_cpu; dist is taken before cpu, and one cpu at a time. Every function says which
 * it needs. The list registers of a vCPU are only looked at by the CPU that has them.
 */

#define VGIC_MAX_CPUS      32
#define VGIC2_MAX_CPUS     8
#define VGIC_MAX_LRS       16
#define VGIC_WORDS         32   /* of 32 INTIDs each */
#define VGIC_INTIDS        1020 /* 1020 to 1023 are special */
#define VGIC_SLOTS         (32 * VGIC_WORDS)
#define VGIC_PRIVATE       32 /* SGIs and PPIs */
#define VGIC_SGIS          16
#define VGIC_FRAME_REGIONS 4
#define VGIC_GICD_BYTES    KIB(64)
#define VGIC_SGI_BASE      0x10000 /* in a redistributor */
#define VGIC_GICR_BYTES    KIB(128)
#define VGIC_MAX_EFFECTS   192 /* a fold's 16 list registers and 31 counted EOIs, 4 each */

/* A list register (ICH_LR<n>_EL2, IHI 0069 12.4.7). */
#define VGIC_LR_INTID(lr)    ((uint32_t)((lr)&0xffffffff))
#define VGIC2_LR_CPU_SHIFT   10 /* GICv2's SGIs: who sent it, as the guest's IAR shows it */
#define VGIC_LR_PINTID_SHIFT 32
#define VGIC_LR_EOI          BIT(41) /* without HW: maintenance interrupt at EOI */
#define VGIC_LR_PRIO_SHIFT   48
#define VGIC_LR_GROUP1       BIT(60)
#define VGIC_LR_HW           BIT(61)
#define VGIC_LR_PENDING      BIT(62)
#define VGIC_LR_ACTIVE       BIT(63)

/* ICH_HCR_EL2 (IHI 0069 12.4.5) */
#define VGIC_HCR_EN      (1u << 0)
#define VGIC_HCR_UIE     (1u << 1)
#define VGIC_HCR_LRENPIE (1u << 2)
#define VGIC_HCR_NPIE    (1u << 3)
#define VGIC_HCR_TDIR    (1u << 14)

/* 32 interrupts, a bit each, as the registers show them. */
struct vgic_word {
	uint32_t enabled;
	uint32_t group;  /* 1: Group 1 */
	uint32_t latch;  /* pending, remembered; hw: acknowledged physically, not delivered yet */
	uint32_t line;   /* level of the input, of emulated devices */
	uint32_t edge;   /* edge-triggered, not level-sensitive */
	uint32_t active; /* active, and in no list register */
	uint32_t hw;     /* hardware-linked to the physical interrupt with the same INTID */
	uint32_t loaded; /* SPIs: may be in a list register of vCPU owner[] */
	/* What the CPU that has it in a list register is to take out of that. */
	uint32_t drop_pending;
	uint32_t drop_active;
	/* What it was when it last went into or came out of a list register. */
	uint32_t seen_pending;
	uint32_t seen_active;
	uint32_t soft;   /* hw, level-sensitive, and made pending by a write of ISPENDR */
	uint32_t forced; /* active, but no EOI of the guest goes with it: ISACTIVER, CPU_OFF */
};

/* Why injecting into a free list register is not enough (struct vgic_cpu's slow). */
#define VGIC_SLOW_SYNC     (1u << 0) /* the list registers must be folded and filled again */
#define VGIC_SLOW_OVERFLOW (1u << 1) /* more interrupts than list registers */
#define VGIC_SLOW_OFFLINE  (1u << 2) /* the vCPU is off */

/* What a list register does not say of what was put there. */
#define VGIC_NOTE_LATCH  BIT(0)  /* a level-sensitive interrupt pending by its latch */
#define VGIC_NOTE_FORCED BIT(16) /* active, and struct vgic_word's forced */
#define VGIC_NOTE_SOFT   BIT(32) /* pending, as struct vgic_word's soft */

/* One vCPU's redistributor and list registers. Guarded by its cpu lock. */
struct vgic_cpu {
	uint64_t notes; /* on each list register: VGIC_NOTE_* << n */
	uint32_t slow;
	uint32_t open;     /* private interrupts that are enabled, and their group too */
	uint32_t want_sum; /* bit w: want[w] is not 0 */
	uint32_t act_sum;
	uint32_t hcr;  /* ICH_HCR_EL2 that goes with what is in the list registers */
	uint16_t used; /* list registers that may hold something */
	uint8_t index;
	uint8_t lr_count;
	bool asleep; /* GICR_WAKER.ProcessorSleep */
	/* vCPUs that this one's read at asked_offset waits for; only its own CPU looks at them. */
	uint32_t asked;
	uint64_t asked_offset;
	uint8_t lr_of[VGIC_PRIVATE];     /* where a private interrupt in in_lr is */
	uint16_t lr_intid[VGIC_MAX_LRS]; /* what was put there last */
	uint32_t in_lr[VGIC_WORDS];      /* what may be in a list register of this vCPU */
	struct vgic_word word0;          /* SGIs and PPIs */
	uint64_t template[VGIC_PRIVATE]; /* list register of each, pending */
	uint32_t want[VGIC_WORDS];       /* ready to be delivered, waiting for a list register */
	uint32_t act[VGIC_WORDS];        /* active without a list register */
	uint8_t priority[VGIC_PRIVATE];
	uint64_t typer;    /* GICR_TYPER; constant */
	uint64_t injected; /* a count for statistics: put into list registers, again too */
	/*
	 * GICv2's SGIs: vCPUs that sent one which is in no list register (a bit each, none: it is
	 * not in word0.latch), and the one that sent what is in a list register or active.
	 */
	uint8_t sgi_from[VGIC_SGIS];
	uint8_t sgi_taken[VGIC_SGIS];
	/* Private interrupts put there with VGIC_NOTE_SOFT: not on the fast path until the fold. */
	uint32_t soft_loaded;
};

/* vCPUs whose affinities differ in the low four bits only: what an SGI can address at once. */
struct vgic_cluster {
	uint64_t key; /* as vgic_sgi_key() */
	uint16_t present;
	uint8_t cpu[16];
};

/* A region of redistributors: consecutive frames, `stride` bytes apart. */
struct vgic_region {
	uint32_t count;
	uint32_t stride_shift;
	uint8_t cpu[VGIC_MAX_CPUS]; /* the vCPU of each frame */
};

/* The distributor. Guarded by the dist lock, but for what is constant after vgic_init(). */
struct vgic_dist {
	uint32_t ctlr; /* EnableGrp0, EnableGrp1 */
	uint32_t words;
	uint32_t typer;
	uint32_t priority_mask;
	uint32_t cpu_count;
	uint32_t cluster_count;
	bool split; /* a vCPU with EOImode 1 was seen: SPIs may be deactivated by other CPUs */
	bool v2;    /* a GICv2; constant */
	struct vgic_cpu *cpu[VGIC_MAX_CPUS];
	struct vgic_cluster cluster[VGIC_MAX_CPUS];
	struct vgic_region region[VGIC_FRAME_REGIONS];
	uint64_t mpidr[VGIC_MAX_CPUS];
	struct vgic_word word[VGIC_WORDS]; /* [0] is not used */
	uint64_t router[VGIC_SLOTS];       /* GICD_IROUTER<n>, or GICD_ITARGETSR's byte */
	uint8_t priority[VGIC_SLOTS];
	uint8_t target[VGIC_SLOTS]; /* vCPU that router[] selects; VGIC_NO_CPU: none */
	uint8_t owner[VGIC_SLOTS];  /* vCPU that had it in a list register last, or has it active */
};

#define VGIC_NO_CPU 0xff

enum vgic_effect_kind {
	VGIC_PHYS_ENABLE,
	VGIC_PHYS_DISABLE,
	VGIC_PHYS_SET_PENDING,
	VGIC_PHYS_CLEAR_PENDING,
	VGIC_PHYS_ACTIVATE,
	VGIC_PHYS_DEACTIVATE,
	VGIC_PHYS_CONFIG, /* arg: 1 edge, 0 level */
	VGIC_PHYS_ROUTE,  /* arg: to the physical CPU of this vCPU */
	VGIC_MOVE,        /* not physical: an SPI to be evaluated, on other vCPUs */
};

struct vgic_effect {
	uint8_t kind;
	uint8_t arg;
	uint16_t intid; /* a private one: of the vCPU that the function worked on */
};

/*
 * What is to be done about a call, in the order of the list, before the lock is released that
 * guards the interrupts. The caller clears it with vgic_effects_init() first.
 */
struct vgic_effects {
	uint32_t kick;    /* vCPUs that have something new in want, or must sync */
	uint32_t changed; /* GICD writes: bits of word `word` to be given to vgic_eval() */
	uint32_t word;
	uint8_t from; /* vCPU that they were routed to before, or VGIC_NO_CPU */
	bool all;     /* GICD_CTLR changed: vgic_eval_all() on every vCPU */
	uint32_t count;
	struct vgic_effect list[VGIC_MAX_EFFECTS];
};

/* The list registers of a vCPU, out of the hardware and into it. */
struct vgic_lrs {
	uint64_t lr[VGIC_MAX_LRS];
	uint32_t eoi_count; /* ICH_HCR_EL2.EOIcount */
	bool eoi_mode;      /* ICH_VMCR_EL2.VEOIM; read only when eoi_count is not 0 */
	uint16_t write;     /* from vgic_fill(): the ones to write */
};

static inline void vgic_effects_init(struct vgic_effects *fx)
{
	fx->kick = 0;
	fx->changed = 0;
	fx->from = VGIC_NO_CPU;
	fx->all = false;
	fx->count = 0;
}

/*
 * A distributor with SPIs up to intid_count - 1 (32..1020) for vCPUs with these affinities
 * (MPIDR_EL1's fields), everything disabled, Group 0, as after a reset; priorities have
 * priority_bits (4..8) bits. The vCPUs' structures are initialised too; each is off. ERR_RANGE.
 */
enum err vgic_init(struct vgic_dist *d, struct vgic_cpu *const cpu[], const uint64_t mpidr[],
		   uint32_t cpu_count, uint32_t intid_count, uint32_t lr_count,
		   uint32_t priority_bits) MUST_CHECK;

/* After vgic_init(): a GICv2 it is. ERR_RANGE: too many vCPUs. */
enum err vgic2_set(struct vgic_dist *d) MUST_CHECK;

/* Before the VM runs: links an interrupt to the physical one; a private one: of every vCPU. */
void vgic_hw_set(struct vgic_dist *d, uint32_t intid);

/* Before the VM runs: the n-th frame of region r belongs to vCPU cpu[n]. ERR_RANGE. */
enum err vgic_region_set(struct vgic_dist *d, uint32_t r, uint32_t stride_shift,
			 const uint8_t cpu[], uint32_t count) MUST_CHECK;

/* GICD_CTLR */
#define VGIC_CTLR_GRP0 (1u << 0)
#define VGIC_CTLR_GRP1 (1u << 1)

/*
 * cpu: works out c->open, and the templates of the private interrupts in mask, after a change
 * of the registers they follow from. ctlr: the distributor's.
 */
void vgic_private_changed(struct vgic_cpu *c, uint32_t ctlr, uint32_t mask);

/*
 * Registers. False: no such access (size), for an external abort; what is reserved reads as 0
 * and ignores writes. bytes is 1, 2, 4 or 8, offset a multiple of it and inside the frame.
 * Reads need no lock, unless vgic_dist_is_exact() or vgic_cpu_is_exact() says that what list
 * registers hold matters: then this CPU's are folded first (dist and cpu locks), and filled
 * again afterwards; what others hold is shown as it was when they last folded.
 */
bool vgic_dist_read(const struct vgic_dist *d, uint64_t offset, uint32_t bytes,
		    uint64_t *value) MUST_CHECK;
/* dist. Then the caller evaluates fx->changed and fx->all. */
bool vgic_dist_write(struct vgic_dist *d, uint64_t offset, uint32_t bytes, uint64_t value,
		     struct vgic_effects *fx) MUST_CHECK;
bool vgic_cpu_read(const struct vgic_dist *d, const struct vgic_cpu *c, uint64_t offset,
		   uint32_t bytes, uint64_t *value) MUST_CHECK;
/* cpu */
bool vgic_cpu_write(struct vgic_dist *d, struct vgic_cpu *c, uint64_t offset, uint32_t bytes,
		    uint64_t value, struct vgic_effects *fx) MUST_CHECK;
/*
 * GICv2: accesses below VGIC2_GICD_BYTES, of 1 or 4 bytes. What vgic2_is_private() says of is the
 * reading vCPU's own, by vgic_cpu_read() and vgic_cpu_write() at VGIC_SGI_BASE + offset, but for
 * writes of GICD_SGIR, which are the caller's. GICD_ITARGETSR is written byte by byte: an effect
 * has one vCPU that it is about (from).
 */
#define VGIC2_GICD_BYTES KIB(4)
#define VGIC2_ITARGETSR  0x800
#define VGIC2_SGIR       0xf00

static inline bool vgic2_is_private(uint64_t offset)
{
	if (offset < 0x400)
		return offset >= 0x80 && (offset & 0x7f) < 4;
	if (offset < 0xc00)
		return (offset & 0x3ff) < VGIC_PRIVATE;
	return (offset < 0xc08) || offset >= VGIC2_SGIR;
}

static inline bool vgic2_is_targets(uint64_t offset)
{
	return offset - VGIC2_ITARGETSR < 0x400;
}

/*
 * GICD_SGIR (IHI 0048 4.3.15), written by vCPU `self`: the vCPUs that are to have the SGI, a bit
 * each.
 */
uint32_t vgic2_sgi_targets(const struct vgic_dist *d, uint32_t self, uint32_t sgir);

/* ISPENDR and ICPENDR: for hardware-linked interrupts the physical bits are shown too. */
static inline bool vgic_is_pending_register(uint64_t offset)
{
	return offset - 0x200 < 0x100;
}

/* ISPENDR, ICPENDR, ISACTIVER, ICACTIVER. */
static inline bool vgic_is_state_register(uint64_t offset)
{
	return offset - 0x200 < 0x200;
}

/* The word of interrupts of a register with one bit each. */
static inline uint32_t vgic_register_word(uint64_t offset)
{
	return (uint32_t)(offset >> 2) & (VGIC_WORDS - 1);
}

static inline bool vgic_dist_is_exact(const struct vgic_dist *d, uint64_t offset)
{
	return vgic_is_state_register(offset) && d->word[vgic_register_word(offset)].loaded;
}

static inline bool vgic_cpu_is_exact(const struct vgic_cpu *c, uint64_t offset)
{
	return vgic_is_state_register(offset - VGIC_SGI_BASE) && c->in_lr[0];
}

/* GICv2: besides, GICD_CPENDSGIR and GICD_SPENDSGIR. */
static inline bool vgic2_cpu_is_exact(const struct vgic_cpu *c, uint64_t offset)
{
	return vgic_cpu_is_exact(c, offset) ||
	       (offset - VGIC_SGI_BASE - VGIC2_SGIR < 0x80 && c->in_lr[0]);
}

/* The frame that an offset into a region is in, and its vCPU: VGIC_NO_CPU beyond the last. */
static inline uint32_t vgic_region_cpu(const struct vgic_region *r, uint64_t *offset)
{
	uint64_t n = *offset >> r->stride_shift;

	*offset &= BIT(r->stride_shift) - 1;
	return n < r->count && *offset < VGIC_GICR_BYTES ? r->cpu[n] : VGIC_NO_CPU;
}

/*
 * dist, on the CPU of c after a fold: those of 32 SPIs that may be in list registers of another
 * vCPU. What is said to be in c's and is not is forgotten.
 */
uint32_t vgic_loaded_elsewhere(struct vgic_dist *d, const struct vgic_cpu *c, uint32_t word);
/* Has none of the vCPUs in mask list registers left to fold? Any CPU, no lock. */
bool vgic_is_synced(const struct vgic_dist *d, uint32_t mask);

/*
 * cpu, for SPIs also dist: decides anew what is to be done about an interrupt whose state
 * changed. An SPI is to be evaluated on the vCPU that owner[] names and on the one that
 * target[] names (and on a former target). True: it is ready, but for another vCPU.
 */
bool vgic_eval(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid, struct vgic_effects *fx);
/* cpu: asks for a fold of list registers that hold something. */
void vgic_want_sync(struct vgic_cpu *c, struct vgic_effects *fx);
/* dist and cpu: the same for all that this vCPU may have. */
void vgic_eval_all(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_effects *fx);

/*
 * Does a list register with this in it end a WFI? One may that the guest has emptied and that asks
 * for a maintenance interrupt: only the fold that this brings about says what is pending then.
 */
static inline bool vgic_lr_is_awake(uint64_t lr)
{
	return (lr & VGIC_LR_PENDING) ||
	       (lr & (VGIC_LR_ACTIVE | VGIC_LR_HW | VGIC_LR_EOI)) == VGIC_LR_EOI;
}

/*
 * dist and cpu: takes everything out of the list registers into the model. At most VGIC_MOVE
 * effects for other vCPUs, and physical ones; fill follows in any case.
 */
void vgic_fold(struct vgic_dist *d, struct vgic_cpu *c, const struct vgic_lrs *lrs,
	       struct vgic_effects *fx);
/* dist and cpu: chooses what goes into the (empty) list registers. */
void vgic_fill(struct vgic_dist *d, struct vgic_cpu *c, struct vgic_lrs *lrs);

/* dist and cpu: the vCPU goes on (its list registers are empty) or off (they are folded). */
void vgic_cpu_online(struct vgic_dist *d, struct vgic_cpu *c, bool online);
/*
 * dist and cpu, folded: the vCPU is to be reset, or will be before it goes on again. No EOI will
 * come for what it has active.
 */
void vgic_cpu_forget(struct vgic_dist *d, struct vgic_cpu *c);

/*
 * dist: vCPU `gone` is off: those SPIs of word w that others may have, too (1 of N, a GICv2's
 * list), and that it had choose another; as after a write of their IROUTER.
 */
void vgic_choose_again(struct vgic_dist *d, uint32_t w, uint32_t gone, struct vgic_effects *fx);

/*
 * dist: sets the input level of an emulated device's interrupt, in fx->changed what came of it.
 * Edge-triggered ones pend when it rises.
 */
void vgic_line_set(struct vgic_dist *d, uint32_t intid, bool level, struct vgic_effects *fx);

/*
 * cpu: the same for a private interrupt that is not hardware-linked. In fx->kick: its list
 * registers are to be folded and filled, or to have what is in want[0].
 */
void vgic_private_line_set(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid, bool level,
			   struct vgic_effects *fx);

/* dist: a hardware-linked SPI was acknowledged. Then it is to be evaluated. */
void vgic_spi_arrived(struct vgic_dist *d, uint32_t intid);

/*
 * dist and cpu: the same, but if it can go straight into a list register of this vCPU, that
 * one's number (*lr is to be written to it); -1: nothing was done. empty: its ICH_ELRSR_EL2.
 */
int vgic_spi_fast(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid, uint32_t empty,
		  uint64_t *lr) MUST_CHECK;

/* cpu: makes a private interrupt pending (an SGI sent, a hardware-linked PPI acknowledged). */
static inline void vgic_private_pend(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid,
				     struct vgic_effects *fx)
{
	c->word0.latch |= 1u << intid;
	vgic_eval(d, c, intid, fx);
}

/* dist and cpu, folded: a write of ICC_DIR_EL1 with EOImode 1. */
void vgic_deactivate(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid,
		     struct vgic_effects *fx);

/*
 * cpu: an SGI for a vCPU that is loaded elsewhere. Does its CPU have to be kicked? That then
 * loads what is in want[0] (vgic_private_fast()), or folds and fills.
 */
static inline bool vgic_sgi_post(struct vgic_cpu *c, uint32_t intid)
{
	uint32_t bit = 1u << intid;
	bool posted = c->want[0] & bit;

	c->word0.latch |= bit;
	if (posted || !(c->open & ~c->word0.active & bit))
		return false;
	c->want[0] |= bit;
	c->want_sum |= 1;
	return !(c->slow & VGIC_SLOW_OFFLINE);
}

/* cpu: the same, and vgic_private_pend(), for a GICv2's SGI from vCPU `from`. */
static inline bool vgic2_sgi_post(struct vgic_cpu *c, uint32_t intid, uint32_t from)
{
	c->sgi_from[intid] |= (uint8_t)(1u << from);
	return vgic_sgi_post(c, intid);
}

static inline void vgic2_sgi_pend(struct vgic_dist *d, struct vgic_cpu *c, uint32_t intid,
				  uint32_t from, struct vgic_effects *fx)
{
	c->sgi_from[intid] |= (uint8_t)(1u << from);
	vgic_private_pend(d, c, intid, fx);
}

/* ICC_SGI1R_EL1's Aff3, Aff2, Aff1 and RS, in place. */
static inline uint64_t vgic_sgi_key(uint64_t sgi1r)
{
	return sgi1r & (MASK(55, 44) | MASK(39, 32) | MASK(23, 16));
}

/*
 * cpu: puts an interrupt into list register n, which is empty, unseen by vgic_fold(): for the
 * fast path of private interrupts.
 */
static inline void vgic_take(struct vgic_cpu *c, uint32_t n, uint32_t intid)
{
	uint32_t old = c->lr_intid[n];

	c->in_lr[old / 32] &= ~(1u << (old % 32));
	c->lr_intid[n] = (uint16_t)intid;
	c->in_lr[intid / 32] |= 1u << (intid % 32);
	c->used |= (uint16_t)(1u << n);
	c->notes &= ~((VGIC_NOTE_LATCH | VGIC_NOTE_FORCED | VGIC_NOTE_SOFT) << n);
}

/*
 * cpu: the fast path. empty: ICH_ELRSR_EL2 of this vCPU. The list register that now is to be
 * written with c->template[intid], or -1: the general way (vgic_private_pend()) it is.
 */
static inline int vgic_private_fast(struct vgic_cpu *c, uint32_t intid, uint32_t empty)
{
	uint32_t bit = 1u << intid;
	uint32_t n;

	if (c->slow | (~c->open & bit) | ((c->word0.active | c->word0.latch) & bit))
		return -1;
	if (c->in_lr[0] & bit) {
		n = c->lr_of[intid];
		return empty >> n & 1 ? (int)n : -1;
	}
	if (!empty)
		return -1;
	n = (uint32_t)__builtin_ctz(empty);
	vgic_take(c, n, intid);
	c->lr_of[intid] = (uint8_t)n;
	return (int)n;
}

/* cpu: what is to be written there, besides, for a GICv2's SGI from vCPU `from`. */
static inline uint64_t vgic2_sgi_take(struct vgic_cpu *c, uint32_t intid, uint32_t from)
{
	c->sgi_taken[intid] = (uint8_t)from;
	return (uint64_t)from << VGIC2_LR_CPU_SHIFT;
}

/*
 * GICv2's list registers (GICH_LR<n>, IHI 0048 5.3.10) hold the same as GICv3's: flags in pairs,
 * from bits 28 and 30 on, a priority of 5 bits, and the lower half closer together.
 */
static inline uint32_t vgic2_lr_pack(uint64_t lr)
{
	uint32_t packed = (uint32_t)(lr >> 60 & 3) << 30 | (uint32_t)(lr >> 62) << 28 |
			  (uint32_t)(lr >> 51 & 0x1f) << 23;

	if (lr & VGIC_LR_HW)
		return packed | (uint32_t)(lr & 0x3ff) | (uint32_t)(lr >> 32 & 0x3ff) << 10;
	return packed | (uint32_t)(lr & 0x1fff) | (uint32_t)(lr >> 41 & 1) << 19;
}

static inline uint64_t vgic2_lr_unpack(uint32_t packed)
{
	uint64_t lr = (uint64_t)(packed >> 30) << 60 | (uint64_t)(packed >> 28 & 3) << 62 |
		      (uint64_t)(packed >> 23 & 0x1f) << 51;

	if (lr & VGIC_LR_HW)
		return lr | (packed & 0x3ff) | (uint64_t)(packed >> 10 & 0x3ff) << 32;
	return lr | (packed & 0x1fff) | (uint64_t)(packed >> 19 & 1) << 41;
}

/*
 * cpu: is this private interrupt in a list register that cannot be used again yet, and is it
 * enough to set that one's pending bit? Then its number is c->lr_of[intid].
 */
static inline bool vgic_private_again(const struct vgic_cpu *c, uint32_t intid)
{
	return !(c->slow | ((c->word0.active | c->word0.latch) >> intid & 1)) &&
	       (c->in_lr[0] & c->open & c->word0.edge & ~c->word0.hw) >> intid & 1;
}

#endif
