/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CHECK_H
#define CHECK_H

/* The debug build's checks; the release build has empty ones in the other folder. */

#define CHECK_VARIANT  "debug"
#define CHECK_IS_DEBUG 1

/* Panics when this CPU holds a lock of this order or a later one (hyp/core/lock.h). */
void check_lock_order(unsigned int order);
void check_lock_taken(unsigned int order);
/* Panics when this CPU does not hold it. */
void check_lock_dropped(unsigned int order);

/* After a hypercall, no lock held: panics when memory has another owner than it should. */
void check_owners(void);

/*
 * `panic-test=write|exec|stack|undef|lock` on Caisson's command line makes EL2 fail on purpose:
 * a write to its text, a jump into its data, a stack overrun, an undefined instruction, locks in
 * the wrong order. The dump that follows is what a test looks for.
 */
void check_panic_test(const char *cmdline);

/* The same by name. Does not come back if there is such a test. */
int check_panic_has(const char *name);
void check_panic_run(const char *name);

#endif
