/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_VCON_H
#define HYP_CONSOLE_VCON_H

#include "lib/bits.h"

/*
 * Console objects. Each has a client (software that writes terminal text and gets what is typed)
 * and a screen that is kept whether a port shows it or not. A client never waits: all it writes is
 * taken at once.
 *
 * Locks: LOCK_LINE (what the ports show), then LOCK_SCREEN (one console's screen and rings), then
 * LOCK_UART. Every function here takes and drops what it needs; callers hold no lock from LOCK_LOG
 * on, and nothing logs with LOCK_LINE or a later one held.
 */

#define VCON_MAX         24
#define VCON_NAME_BYTES  16
#define VCON_WRITE_BYTES 1024 /* of one vcon_write() */
#define VCON_INPUT_BYTES 4096 /* typed and not taken; more is dropped and counted */

struct vcon;

/*
 * Called on any CPU, by whoever typed, switched or resized, with no lock held but those that its
 * caller holds. More than one CPU may call at once; a call may still come just after vcon_remove(),
 * so ctx stays good for ever. Any may be NULL.
 */
struct vcon_client {
	/* There is input: vcon_take_input(). */
	void (*input)(void *ctx);
	/* The console has this size now; it shows what it showed, cut or with blanks added. */
	void (*resized)(void *ctx, unsigned int columns, unsigned int rows);
	/* About once a second while a port shows the console, and when one begins to. */
	void (*tick)(void *ctx);
	void *ctx;
};

enum vcon_flags {
	VCON_NO_ALTERNATE = 1, /* no alternate screen */
	VCON_NO_HISTORY = 2,   /* no scrollback: full-screen user interfaces */
	/*
	 * No screen: bytes go to the port that shows it as they are, and nothing else goes there
	 * meanwhile (a protocol such as a debugger's). The memory is a ring of bytes not sent yet;
	 * what does not fit is dropped and counted.
	 */
	VCON_RAW = 4,
};

/*
 * A new console. name: shown, and known to `view=`, at most VCON_NAME_BYTES - 1 bytes count. key:
 * what follows the escape key; 0, or taken already: the first free one of 2-9 and the letters that
 * mean nothing else, or none. memory: the screen's and its history's, vcon_bytes() says how much;
 * 16-byte aligned; its user's again after vcon_remove(). NULL: VCON_MAX are there, or too little
 * memory. Any CPU, any time after console_init().
 */
struct vcon *vcon_add(const char *name, char key, void *memory, size_t bytes, unsigned int flags,
		      const struct vcon_client *client);

/* The memory for a console with so many bytes of history (of a raw one: of ring). */
size_t vcon_bytes(unsigned int flags, size_t history_bytes);

/*
 * The console is gone; a port that shows it goes to its first console and says so. Afterwards the
 * memory is not touched any more, and the other functions do nothing with v until a vcon_add()
 * gives it again.
 */
void vcon_remove(struct vcon *v);

/*
 * Terminal text from the client. Never blocks. True: the terminal answered something, which
 * vcon_take_input() gives; client.input() is not called for that.
 */
bool vcon_write(struct vcon *v, const uint8_t *bytes, size_t count);

/* What was typed, at most `room` bytes; 0: nothing more. */
size_t vcon_take_input(struct vcon *v, uint8_t *to, size_t room);

/* How it is laid out now. */
void vcon_size(struct vcon *v, unsigned int *columns, unsigned int *rows);

/* Input as if typed, by other ways than a port (a viewer over the network). */
void vcon_type(struct vcon *v, const uint8_t *bytes, size_t count);

/*
 * Whichever port shows v shows the console with this key instead. False: there is none, no port
 * shows v, or another one shows that.
 */
bool vcon_show(struct vcon *v, char key);

/* What there is to tell about a console. */
struct vcon_info {
	char name[VCON_NAME_BYTES];
	char key;  /* 0: none */
	char port; /* the port that shows it, '1' or '2'; 0: none */
	uint16_t columns, rows;
	uint64_t bytes_written;
	uint64_t bytes_typed;
	uint64_t input_dropped;  /* typed, but the client took none */
	uint64_t output_dropped; /* of a raw console */
	uint64_t memory_bytes;
	uint64_t history_lines;
};

/* Console number `index` (0..VCON_MAX - 1); false: there is none at present. */
bool vcon_info(unsigned int index, struct vcon_info *info);

#endif
