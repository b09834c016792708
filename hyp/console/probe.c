/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The size of the terminal at the far end. It is asked (xterm's CSI 18 t); one that does not
 * answer is sent to a far corner and asked where its cursor is, which all know since VT100; one
 * that does not answer that either has 80 columns and 24 rows. It is asked again whenever it may
 * be another terminal (start, redraw, break, the first key after a minute), and every two seconds
 * while somebody is at it, if it answered before: about ten bytes each way.
 *
 * A terminal that may be another one is asked both: tmux 3.3 answers the first question with
 * columns and rows exchanged.
 *
 * One that answered and does so no more has been left; the next key comes from whoever is back,
 * perhaps with another terminal, and everything is painted anew. So it is after a minute.
 *
 * Answers are taken out of the input while one is owed; late ones do not reach a console.
 */
#include "hyp/core/timer.h"
#include "hyp/console/port.h"

#define ANSWER_MS 400   /* for each of the two questions */
#define OWED_MS   5000  /* an answer that comes even later is input */
#define AGAIN_MS  2000  /* between two questions */
#define AT_IT_MS  60000 /* since the last key: somebody sits there */
#define OWED_MAX  8
#define SIZE_MIN  2

enum probe_asked { ASKED_NOTHING, ASKED_SIZE, ASKED_CURSOR };

static void ask(struct port *p, enum probe_asked what) REQUIRES(port_lock)
{
	static const uint8_t size[] = "\033[18t";
	static const uint8_t cursor[] = "\0337\033[999;999H\033[6n\0338";
	uint64_t now = port_now();

	if (what == ASKED_SIZE)
		(void)uart_write(p->uart, size, sizeof(size) - 1);
	else
		(void)uart_write(p->uart, cursor, sizeof(cursor) - 1);
	p->probe.asked = (uint8_t)what;
	if (p->probe.owed < OWED_MAX)
		p->probe.owed++;
	p->probe.at = now + port_ms(ANSWER_MS);
	p->probe.owed_until = now + port_ms(OWED_MS);
	p->in.expects = true;
}

/* The next question, if there will be one. */
static void plan(struct port *p) REQUIRES(port_lock)
{
	struct probe *pr = &p->probe;
	uint64_t now = port_now();
	bool at_it = now - pr->typed_at < port_ms(AT_IT_MS);

	pr->asked = ASKED_NOTHING;
	pr->at = pr->answers != ASKED_NOTHING && at_it ? now + port_ms(AGAIN_MS) : TIMER_NEVER;
}

static bool set_size(struct port *p, unsigned int columns, unsigned int rows) REQUIRES(port_lock)
{
	if (columns < SIZE_MIN || rows < SIZE_MIN || (columns == p->columns && rows == p->rows))
		return false;
	painter_resize(&p->painter, columns, rows);
	p->columns = p->painter.columns;
	p->rows = p->painter.rows;
	overlay_resize(p);
	return true;
}

static bool is_shown_raw(const struct port *p)
{
	return p->shown && !p->shown->screen;
}

void probe_start(struct port *p, bool is_attach)
{
	if (is_shown_raw(p))
		return;
	p->probe.is_attach = is_attach;
	ask(p, ASKED_SIZE);
}

/* What it is said to be; is_sure: by the cursor. */
static bool believe(struct port *p, unsigned int columns, unsigned int rows, bool is_sure)
	REQUIRES(port_lock)
{
	struct probe *pr = &p->probe;
	bool was_told = pr->told_rows != 0;

	if (was_told)
		pr->is_swapped = is_sure && columns == pr->told_rows && rows == pr->told_columns &&
				 columns != rows;
	pr->answers = was_told || !is_sure ? ASKED_SIZE : ASKED_CURSOR;
	pr->told_columns = pr->told_rows = 0;
	pr->is_attach = pr->is_lost = false;
	plan(p);
	return set_size(p, columns, rows);
}

bool probe_answer(struct port *p, const struct portinput_event *event)
{
	struct probe *pr = &p->probe;

	if (--pr->owed == 0)
		p->in.expects = false;
	if (event->kind == PORTINPUT_CURSOR)
		return believe(p, event->columns, event->rows, true);
	if (!pr->is_attach && pr->is_swapped)
		return believe(p, event->rows, event->columns, false);
	if (!pr->is_attach)
		return believe(p, event->columns, event->rows, false);
	pr->told_columns = event->columns;
	pr->told_rows = event->rows;
	if (pr->asked != ASKED_CURSOR)
		ask(p, ASKED_CURSOR);
	return false;
}

void probe_typed(struct port *p)
{
	struct probe *pr = &p->probe;
	uint64_t now = port_now();
	bool was_away = pr->is_lost || now - pr->typed_at >= port_ms(AT_IT_MS);

	pr->typed_at = now;
	if (pr->asked != ASKED_NOTHING)
		return;
	if (was_away) {
		pr->is_lost = false;
		painter_forget(&p->painter);
		probe_start(p, true);
	} else if (pr->at == TIMER_NEVER && pr->answers != ASKED_NOTHING) {
		plan(p);
	}
}

bool probe_tick(struct port *p, uint64_t now)
{
	struct probe *pr = &p->probe;
	bool is_changed = false;

	if (pr->owed > 0 && now >= pr->owed_until) {
		pr->owed = 0;
		p->in.expects = false;
	}
	if (now < pr->at)
		return false;
	if (is_shown_raw(p)) {
		pr->asked = ASKED_NOTHING;
		pr->at = TIMER_NEVER;
	} else if (pr->asked == ASKED_NOTHING) {
		ask(p, pr->answers);
	} else if (pr->asked == ASKED_SIZE && (pr->is_attach || pr->answers == ASKED_SIZE)) {
		ask(p, ASKED_CURSOR);
	} else if (pr->told_rows != 0) {
		is_changed = believe(p, pr->told_columns, pr->told_rows, false);
	} else {
		pr->is_lost |= pr->answers != ASKED_NOTHING;
		pr->answers = ASKED_NOTHING;
		if (pr->is_attach)
			is_changed = set_size(p, 80, 24);
		plan(p);
	}
	return is_changed;
}

uint64_t probe_due(const struct port *p)
{
	const struct probe *pr = &p->probe;

	return pr->owed > 0 && pr->owed_until < pr->at ? pr->owed_until : pr->at;
}
