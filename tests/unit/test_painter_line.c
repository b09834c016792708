/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/painter_sim.h"

/*
 * A line of 115,200 baud in virtual time, the unit of which is one byte's: what the painter sends
 * waits in a transmit ring that takes no more than a budget, while guests write as fast as they
 * like. It must not matter how much they write: a switch and an echo come in time.
 */
#define BYTES_PER_SECOND 11520
#define MS(ms)           ((ms)*BYTES_PER_SECOND / 1000)
#define BUDGET           512
#define FLOOD_BYTES      87 /* in the time of one byte on the line: 1 MB in a second */

#define QUIET 0 /* the screen that nobody but the test writes to */
#define NOISY 1

static struct sim *sim;
static uint8_t ring[BUDGET];
static size_t ring_used;
static unsigned int now;
static unsigned int flooding; /* the screen */
static void (*flood)(void);
static unsigned int flood_lines;

static void write_to(unsigned int screen, const char *text)
{
	sim_write(sim, screen, text, strlen(text));
}

static void pump(void)
{
	if (BUDGET - ring_used >= PAINTER_ROOM_MIN)
		ring_used += painter_paint(&sim->painter, &sim->screen[sim->watched],
					   ring + ring_used, BUDGET - ring_used);
}

/* One byte of the line's time. */
static void tick(void)
{
	now++;
	if (flood != NULL)
		flood();
	pump();
	if (ring_used == 0)
		return;
	screen_write(&sim->far, ring, 1);
	memmove(ring, ring + 1, --ring_used);
}

static void run(unsigned int ticks)
{
	for (unsigned int end = now + ticks; now < end;)
		tick();
}

/* Lines that run through. */
static void flood_plain(void)
{
	char line[128];

	snprintf(line, sizeof(line), "\r\nF%08u %-70s", flood_lines++,
		 "of a text that nobody can read");
	write_to(flooding, line);
}

/* Lines that run through above a line at the bottom, where the cursor comes back to. */
static void flood_above(void)
{
	char line[160];

	snprintf(line, sizeof(line),
		 "\0337\033[1;22r\033[22;80H\r\nF%08u \033[3%um%-70s\033[m\033[r\0338", flood_lines,
		 flood_lines % 8, "of a coloured text that nobody can read");
	flood_lines++;
	write_to(flooding, line);
}

/* Rows in no order, all of them changing. */
static void flood_places(void)
{
	char line[160];

	snprintf(line, sizeof(line), "\0337\033[%u;1HF%08u %0*u\0338", 1 + flood_lines * 7 % 22,
		 flood_lines, 60, flood_lines * 0x9e3779b9u);
	flood_lines++;
	write_to(flooding, line);
}

static void begin(unsigned int watched, unsigned int flooded, void (*how)(void))
{
	sim = sim_start(false);
	ring_used = 0;
	now = 0;
	flood = NULL;
	flooding = flooded;
	flood_lines = 1;
	sim->watched = watched;
	write_to(QUIET, "\033[H");
	for (unsigned int y = 1; y <= 24; y++) {
		char line[256];

		snprintf(line, sizeof(line), "\033[%u;1HQ \033[1;44m%-30s\033[m%s\033[32m%03u", y,
			 "bright on blue", "some text, as in an editor's window: ", y * 37);
		write_to(QUIET, line);
	}
	run(MS(1000)); /* the terminal shows what is watched */
	flood = how;
	run(MS(1000));
}

static bool far_shows(unsigned int y, unsigned int x, char what)
{
	return (screen_row(&sim->far, y)[x].text & SCREEN_CODE_POINT) == (uint8_t)what;
}

static bool all_rows_begin_with(char what)
{
	for (unsigned int y = 0; y < 24; y++) {
		if (!far_shows(y, 0, what))
			return false;
	}
	return true;
}

static bool is_painted(void)
{
	const struct screen *s = &sim->screen[sim->watched];

	for (unsigned int y = 0; y < s->rows; y++) {
		for (unsigned int x = 0; x < s->columns; x++) {
			if (!sim_looks_same(&screen_row(s, y)[x], &screen_row(&sim->far, y)[x]))
				return false;
		}
	}
	return sim->far.x == s->x && sim->far.y == s->y;
}

/* Milliseconds until it is so; fails when it takes longer than it may. */
static unsigned int wait_for(bool (*is_so)(void), unsigned int limit_ms)
{
	unsigned int start = now;

	while (!is_so()) {
		assert_in_range(now - start, 0, MS(limit_ms));
		tick();
	}
	return (now - start) * 1000 / BYTES_PER_SECOND;
}

static void a_switch_is_painted_in_half_a_second(void **state)
{
	begin(NOISY, NOISY, flood_plain);
	assert_true(all_rows_begin_with('F'));
	sim_watch(sim, QUIET);
	pump();
	printf("# switch from a flooded console: %u ms\n", wait_for(is_painted, 500));
}

static bool rows_are_noisy(void)
{
	return all_rows_begin_with('F');
}

static void so_is_one_to_the_console_that_is_flooded(void **state)
{
	begin(QUIET, NOISY, flood_plain);
	assert_true(is_painted());
	sim_watch(sim, NOISY);
	pump();
	printf("# switch to a flooded console: %u ms\n", wait_for(rows_are_noisy, 500));
}

static bool echo_is_there(void)
{
	return far_shows(23, 4, '!');
}

/* The cursor waits in the last row of `screen`; the time till what is typed there is seen. */
static void measure_echo(unsigned int watched, unsigned int flooded, void (*how)(void),
			 const char *name)
{
	unsigned int worst = 0;

	begin(watched, flooded, how);
	for (unsigned int i = 0; i < 50; i++) {
		unsigned int ms;

		write_to(watched, "\033[24;1H\033[K$ ls");
		run(MS(500) + i);
		assert_false(echo_is_there());
		write_to(watched, "!");
		pump();
		ms = wait_for(echo_is_there, 100);
		worst = ms > worst ? ms : worst;
	}
	printf("# echo, %s: %u ms at most\n", name, worst);
}

static void a_key_is_echoed_in_a_tenth_of_a_second(void **state)
{
	measure_echo(QUIET, NOISY, flood_plain, "another console flooded");
	measure_echo(NOISY, NOISY, flood_above, "lines run through above");
	measure_echo(NOISY, NOISY, flood_places, "all rows change above");
}

static unsigned int newest_line_shown(void)
{
	unsigned int newest = 0;

	for (unsigned int y = 0; y < 24; y++) {
		unsigned int number = 0;

		for (unsigned int x = 1; x <= 8 && far_shows(y, 0, 'F'); x++) {
			unsigned int c = screen_row(&sim->far, y)[x].text & SCREEN_CODE_POINT;

			if (c < '0' || c > '9') {
				number = 0; /* just being painted */
				break;
			}
			number = number * 10 + (c - '0');
		}
		if (number <= flood_lines && number > newest)
			newest = number; /* or partly painted */
	}
	return newest;
}

static void what_is_shown_of_a_flood_is_new(void **state)
{
	static void (*const floods[])(void) = {flood_plain, flood_above, flood_places};
	unsigned int oldest = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(floods); i++) {
		begin(NOISY, NOISY, floods[i]);
		for (unsigned int step = 0; step < 200; step++) {
			unsigned int age;

			run(MS(13));
			/* One line in the time of a byte. */
			age = flood_lines - newest_line_shown();
			assert_in_range(age, 0, MS(100));
			oldest = age > oldest ? age : oldest;
		}
	}
	printf("# the newest line shown of a flood is %u ms old at most\n",
	       oldest * 1000 / BYTES_PER_SECOND);
}

/* No row waits for ever while others change. */
static void every_row_of_a_flood_is_painted(void **state)
{
	begin(NOISY, NOISY, flood_places);
	for (unsigned int y = 0; y < 22; y++) {
		unsigned int number = 0;

		run(MS(500));
		for (unsigned int x = 1; x <= 8; x++)
			number = number * 10 + (screen_row(&sim->far, y)[x].text & 0xf);
		assert_in_range(flood_lines - number, 0, MS(500));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_switch_is_painted_in_half_a_second),
		cmocka_unit_test(so_is_one_to_the_console_that_is_flooded),
		cmocka_unit_test(a_key_is_echoed_in_a_tenth_of_a_second),
		cmocka_unit_test(what_is_shown_of_a_flood_is_new),
		cmocka_unit_test(every_row_of_a_flood_is_painted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
