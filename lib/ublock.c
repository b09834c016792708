/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ublock.h"

#define VALID      PGTABLE_DESC_VALID
#define MAY_WRITE  BIT(55) /* 58:55 are software's in valid descriptors (DDI 0487 D8.3.2) */
#define STATE      MASK(58, 56)
#define WAS_MAPPED BIT(12)            /* while invalid */
#define DONE_ONE   UBLOCK_CHUNK_BYTES /* the count of chunks is where their addresses would be */
#define DONE       MASK(20, 16)

#define CTR_IDC BIT(28)
#define CTR_DIC BIT(29)

_Static_assert(UBLOCK_CHUNKS *UBLOCK_CHUNK_BYTES == UBLOCK_BYTES && UBLOCK_CHUNKS == 32,
	       "five bits count the chunks");

/* Without IDC: also where no level has to be cleaned for it (D24.2.35, CTR_EL0.IDC). */
static bool has_idc(uint64_t ctr, uint64_t clidr)
{
	bool no_unification = bits_get(clidr, 23, 21) == 0 && bits_get(clidr, 29, 27) == 0;

	return (ctr & CTR_IDC) || bits_get(clidr, 26, 24) == 0 || no_unification;
}

struct ublock_needs ublock_needs(bool has_fwb, uint64_t ctr, uint64_t clidr)
{
	return (struct ublock_needs){
		.poc_clean = !has_fwb,
		.pou_clean = !has_idc(ctr, clidr),
		.invalidate = !(ctr & CTR_DIC),
	};
}

enum ublock_state ublock_state(uint64_t desc)
{
	if (desc & VALID)
		return desc & PGTABLE_DESC_XN ? UBLOCK_DATA : UBLOCK_EXEC;
	return desc == 0 ? UBLOCK_NONE : (enum ublock_state)bits_get(desc, 58, 56);
}

bool ublock_writes(uint64_t desc)
{
	return (desc & PGTABLE_DESC_WRITE) != 0;
}

bool ublock_may_write(uint64_t desc)
{
	return (desc & MAY_WRITE) != 0;
}

bool ublock_was_mapped(uint64_t desc)
{
	return (desc & (VALID | WAS_MAPPED)) != 0;
}

/* Instruction fetches see what was written, without anyone's help. */
static bool fetches_see_all(const struct ublock_needs *needs)
{
	return !needs->pou_clean && !needs->invalidate;
}

static uint64_t make_valid(uint64_t desc, bool executable)
{
	desc = (desc & ~(STATE | WAS_MAPPED | DONE)) | VALID | PGTABLE_DESC_XN;
	return executable ? desc & ~PGTABLE_DESC_XN : desc;
}

static uint64_t make_invalid(uint64_t desc, enum ublock_state state)
{
	if (desc & VALID)
		desc |= WAS_MAPPED;
	return (desc & ~(VALID | STATE | DONE)) | PGTABLE_DESC_XN | (uint64_t)state << 56;
}

uint64_t ublock_new(uint64_t pa, bool may_write, const struct ublock_needs *needs)
{
	uint64_t desc = pgtable_stage2_block(pa, PGTABLE_R | (may_write ? PGTABLE_W : 0),
					     !needs->poc_clean);

	desc = (desc & ~VALID) | (may_write ? MAY_WRITE : 0);
	if (needs->poc_clean)
		return make_invalid(desc, UBLOCK_COMING);
	return fetches_see_all(needs) ? make_valid(desc, true) : make_invalid(desc, UBLOCK_LAZY);
}

static uint64_t start_flip(uint64_t desc, const struct ublock_needs *needs)
{
	desc = make_invalid(desc, UBLOCK_FLIPPING);
	return needs->pou_clean ? desc : desc | DONE; /* nothing to clean: on to the last step */
}

struct ublock_step ublock_access(uint64_t desc, enum ublock_access access,
				 const struct ublock_needs *needs)
{
	enum ublock_state state = ublock_state(desc);
	struct ublock_step step = {.desc = desc, .todo = UBLOCK_RETRY};

	if (state == UBLOCK_NONE || state == UBLOCK_OFF || state == UBLOCK_COMING ||
	    state == UBLOCK_GOING || (access == UBLOCK_WRITE && !ublock_writes(desc))) {
		step.todo = UBLOCK_VMM;
	} else if (state == UBLOCK_FLIPPING) {
		step.todo = UBLOCK_WORK;
	} else if (state == UBLOCK_LAZY && (access != UBLOCK_FETCH || fetches_see_all(needs))) {
		step.desc = make_valid(desc, fetches_see_all(needs));
	} else if (access == UBLOCK_FETCH && state != UBLOCK_EXEC) {
		step.desc = start_flip(desc, needs);
		step.flush = state == UBLOCK_DATA;
		step.todo = UBLOCK_WORK;
	}
	return step;
}

uint64_t ublock_chunk(uint64_t desc)
{
	return desc & (MASK(47, 21) | DONE);
}

uint64_t ublock_chunk_done(uint64_t desc)
{
	if ((desc & DONE) != DONE)
		return desc + DONE_ONE;
	switch (ublock_state(desc)) {
	case UBLOCK_COMING:
		return make_invalid(desc, UBLOCK_LAZY);
	case UBLOCK_FLIPPING:
		return make_valid(desc, true);
	default:
		return 0;
	}
}

static bool is_changeable(enum ublock_state state)
{
	return state != UBLOCK_NONE && state != UBLOCK_COMING && state != UBLOCK_GOING;
}

struct ublock_step ublock_unexec(uint64_t desc, const struct ublock_needs *needs)
{
	struct ublock_step step = {.desc = desc};

	if (!is_changeable(ublock_state(desc))) {
		step.todo = UBLOCK_VMM;
	} else if (ublock_state(desc) == UBLOCK_FLIPPING) {
		step.desc = make_invalid(desc, UBLOCK_LAZY);
	} else if (ublock_state(desc) == UBLOCK_EXEC && !fetches_see_all(needs)) {
		step.desc = make_valid(desc, false);
		step.flush = true;
	}
	return step;
}

/* To a state in which the guest cannot reach it. */
static struct ublock_step take_out(uint64_t desc, enum ublock_state state)
{
	if (!is_changeable(ublock_state(desc)))
		return (struct ublock_step){.desc = desc, .todo = UBLOCK_VMM};
	return (struct ublock_step){
		.desc = make_invalid(desc, state),
		.flush = (desc & VALID) != 0,
	};
}

struct ublock_step ublock_unmap(uint64_t desc)
{
	return take_out(desc, UBLOCK_OFF);
}

struct ublock_step ublock_map(uint64_t desc, bool write)
{
	struct ublock_step step = take_out(desc, UBLOCK_LAZY);

	if (step.todo == UBLOCK_VMM || (write && !(desc & MAY_WRITE)))
		return (struct ublock_step){.desc = desc, .todo = UBLOCK_VMM};
	step.desc &= ~PGTABLE_DESC_WRITE;
	step.desc |= write ? PGTABLE_DESC_WRITE : 0;
	return step;
}

struct ublock_step ublock_leave(uint64_t desc, bool zero)
{
	enum ublock_state state = ublock_state(desc);
	struct ublock_step step = {.desc = desc, .flush = (desc & VALID) != 0};

	if (state == UBLOCK_NONE)
		step.todo = UBLOCK_VMM;
	else if (!zero)
		step.desc = 0;
	else if (state != UBLOCK_GOING)
		step.desc = make_invalid(desc, UBLOCK_GOING);
	return step;
}
