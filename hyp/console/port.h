/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_PORT_H
#define HYP_CONSOLE_PORT_H

#include "hyp/console/uart.h"
#include "hyp/console/vcon.h"
#include "hyp/core/lock.h"
#include "lib/painter.h"
#include "lib/portinput.h"
#include "lib/ring.h"
#include "lib/screen.h"

/*
 * The inside of the console room: a console object, a port with the console it shows, and what
 * lies over that. port_lock is LOCK_LINE, a console's lock is LOCK_SCREEN; what needs both takes
 * them in this order.
 */

/* A console. What is not said to be constant while it lives: with its lock held. */
struct vcon {
	struct spinlock lock;
	uint8_t flags;              /* constant */
	char key;                   /* constant */
	bool is_taken;              /* the slot; with port_lock held */
	bool is_live;               /* changes with port_lock and lock held */
	bool is_held;               /* a port does not receive until there is room in `input` */
	char name[VCON_NAME_BYTES]; /* constant */
	struct vcon_client client;  /* constant */
	size_t memory_bytes;        /* constant */
	struct port *port;          /* shows it, or NULL; changes with port_lock and lock held */
	uint64_t taken_at;          /* when the client took input last (CNTPCT_EL0) */
	struct screen *screen;      /* NULL: raw */
	struct ring input;
	struct ring output; /* raw */
	uint64_t bytes_written, bytes_typed, input_dropped, output_dropped;
};

/* How the terminal's size is found out; see hyp/console/probe.c. */
struct probe {
	uint8_t asked;                        /* enum probe_asked */
	uint8_t answers;                      /* the one that it answered last; 0: none */
	uint8_t owed;                         /* answers that have not come */
	bool is_attach;                       /* without an answer it has 80 columns and 24 rows */
	bool is_lost;                         /* it answered once, and does not any more */
	bool is_swapped;                      /* it says rows where columns should be */
	unsigned int told_columns, told_rows; /* not believed yet; 0: nothing */
	uint64_t at;                          /* the next step */
	uint64_t owed_until;
	uint64_t typed_at; /* the last byte that came in */
};

enum overlay_kind {
	OVERLAY_NONE,
	OVERLAY_MESSAGE, /* one line over the console's last, for some seconds or until a key */
	OVERLAY_HELP,
	OVERLAY_SCROLL, /* the console's history */
};

#define OVERLAY_SEARCH_BYTES 60

struct overlay {
	uint8_t kind; /* enum overlay_kind */
	struct screen screen;
	struct screen_cell *cells; /* SCREEN_COLUMNS_MAX of them, for whoever has port_lock */
	uint64_t until;            /* the message's */
	/* Of the history. A line's number: lines that were ever stored before it. */
	uint64_t top;       /* the first one shown */
	uint64_t found;     /* a line with the text that is searched for; UINT64_MAX: none */
	uint64_t next;      /* the next one to be searched */
	uint64_t search_at; /* when that goes on */
	bool is_prompt;     /* the text is being typed */
	bool is_upward;     /* searching towards older lines */
	bool is_searching;
	bool is_missing; /* the text was not found */
	bool is_stale;   /* the screen does not show all that yet */
	uint8_t text_count;
	uint32_t text[OVERLAY_SEARCH_BYTES];
};

/* All of it with port_lock held. */
struct port {
	struct uart *uart;
	unsigned int index;
	struct vcon *shown;           /* or NULL */
	const struct screen *painted; /* what the painter was given last; NULL: bytes of others */
	struct painter painter;
	struct portinput in;
	struct overlay overlay;
	struct probe probe;
	unsigned int columns, rows; /* the terminal's */
	/* When something is due; TIMER_NEVER: nothing. */
	uint64_t flush_at, tick_at, hold_at, poll_at, paint_at;
};

/* What is to be done after port_lock has been dropped. */
struct port_todo {
	struct vcon *input;  /* client.input() */
	struct vcon *tick;   /* client.tick() */
	struct vcon *resize; /* to the port's size */
	bool resize_all;     /* all that no other port shows */
};

extern struct spinlock port_lock;

/* Boot CPU, once, before all else here. */
void vcon_init(void);

/* Slot `index` below VCON_MAX. */
struct vcon *vcon_slot(unsigned int index);

/* Bytes as typed into the console; takes its lock. Those that do not fit are counted. */
void vcon_put_input(struct vcon *v, const uint8_t *bytes, size_t count) REQUIRES(port_lock);

/* Lays the console out; calls client.resized() if it had another size. No lock held. */
void vcon_resize(struct vcon *v, unsigned int columns, unsigned int rows);

/*
 * The ports that the machine has begin to show consoles. `escape` is the escape key. Boot CPU,
 * after the consoles that may be shown first have been added. Memory comes from the pool.
 */
void port_init(const struct bootinfo *bi);
enum err port_start(void) MUST_CHECK;

/* The console has changed: paints what the line has room for. No lock from LOCK_LINE on held. */
void port_pump(struct port *p);

/* How big consoles are that no port shows. */
void port_default_size(unsigned int *columns, unsigned int *rows) REQUIRES(port_lock);

/* The console is going; whoever shows it shows another one. Needs a port_pump(). */
void port_forget(struct port *p, struct vcon *v) REQUIRES(port_lock);

/* After a panic, without a lock: the escape key, and a size that can be worked with. */
void port_before_panic(unsigned int index, uint8_t *escape, unsigned int *columns,
		       unsigned int *rows);

/* Counter ticks. */
uint64_t port_ms(unsigned int ms);
uint64_t port_now(void);

/* hyp/console/overlay.c: all with port_lock held. */
size_t overlay_bytes(void);
void overlay_init(struct overlay *o, void *memory);
void overlay_close(struct port *p) REQUIRES(port_lock);
void overlay_message(struct port *p, const char *fmt, ...) REQUIRES(port_lock) PRINTF_LIKE(2, 3);
void overlay_help(struct port *p) REQUIRES(port_lock);
void overlay_scroll(struct port *p) REQUIRES(port_lock);
/* A key for the view; false: it closed with a key that is a command. */
bool overlay_key(struct port *p, const struct termkey_token *token) REQUIRES(port_lock);
/* About to be painted: the screen shows what it should. */
void overlay_render(struct port *p) REQUIRES(port_lock);
/* The port has another size. */
void overlay_resize(struct port *p) REQUIRES(port_lock);
/* Once a second, and while a search goes on whenever overlay_due() says. */
void overlay_tick(struct port *p, uint64_t now) REQUIRES(port_lock);
uint64_t overlay_due(const struct port *p) REQUIRES(port_lock);

/* hyp/console/probe.c: all with port_lock held. */
/* Asks for the size; is_attach: whoever is there now may be another terminal. */
void probe_start(struct port *p, bool is_attach) REQUIRES(port_lock);
/* The terminal answered: true: it has another size now. */
bool probe_answer(struct port *p, const struct portinput_event *event) REQUIRES(port_lock);
void probe_typed(struct port *p) REQUIRES(port_lock);
/* True: the terminal has another size now. */
bool probe_tick(struct port *p, uint64_t now) REQUIRES(port_lock);
uint64_t probe_due(const struct port *p) REQUIRES(port_lock);

#endif
