/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/seed.h"

#include "arch/aarch64/sysreg.h"
#include "lib/siphash.h"
#include "loader/uart.h"

#define RNDR_WORDS    4
#define RNDR_ATTEMPTS 100

/* RNDR sets Z, and gives 0, when it has no random number in time (DDI 0487 K14.1). */
static bool rndr(uint64_t *value)
{
	uint32_t attempt;
	uint64_t failed;

	for (attempt = 0; attempt < RNDR_ATTEMPTS; attempt++) {
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq"
				 : "=r"(*value), "=r"(failed)
				 :
				 : "cc");
		if (!failed)
			return true;
	}
	return false;
}

/* Mixes random numbers of the CPU's into the key; false: it has none. */
static bool mix_cpu(struct siphash128 *key)
{
	uint64_t random[RNDR_WORDS];
	uint32_t i;

	if (bits_get(sysreg_read(id_aa64isar0_el1), 63, 60) == 0)
		return false;
	for (i = 0; i < RNDR_WORDS; i++) {
		if (!rndr(&random[i]))
			return false;
	}
	*key = siphash128(key, random, sizeof(random));
	return true;
}

static bool mix_firmware(const struct machine *m, struct siphash128 *key)
{
	const struct firmware *f = m->firmware;
	struct fdt_prop seed;

	if (f->seed_bytes != 0) {
		*key = siphash128(key, f->seed, f->seed_bytes);
		return true;
	}
	if (m->chosen == FDT_NONE || !fdt_prop(&m->fdt, m->chosen, "rng-seed", &seed) ||
	    seed.bytes < sizeof(*key))
		return false;
	*key = siphash128(key, seed.data, seed.bytes);
	return true;
}

void seed_make(struct machine *m)
{
	struct siphash128 key = {{sysreg_read(cntpct_el0), m->info.entry_cntpct}};
	bool mixed = mix_firmware(m, &key);
	struct siphash128 out;

	if (!mix_cpu(&key) && !mixed)
		uart_print("  no random numbers (rng-seed or FEAT_RNG): tokens can be guessed\n");
	/* Each is made with a text of its own; neither tells of the other. */
	out = siphash128(&key, "secret", 6);
	m->info.secret[0] = out.word[0];
	m->info.secret[1] = out.word[1];
	out = siphash128(&key, "management", 10);
	m->info.management_token[0] = out.word[0] | 1; /* never 0 */
	m->info.management_token[1] = out.word[1];
	for (uint32_t i = 0; i < ARRAY_SIZE(m->svm_seed); i += 2) {
		const char text[] = {'s', 'e', 'e', 'd', (char)('0' + i)};

		out = siphash128(&key, text, sizeof(text));
		m->svm_seed[i] = out.word[0];
		m->svm_seed[i + 1] = out.word[1];
	}
}
