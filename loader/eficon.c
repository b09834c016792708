/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/eficon.h"

#include "lib/fmt.h"

#define LINE_BYTES  400
#define PIECE_CHARS 64

static void put_piece(const struct efi *efi, uint16_t *piece, uint32_t *count)
{
	piece[*count] = 0;
	*count = 0;
	(void)efi->table->ConOut->OutputString(efi->table->ConOut, piece);
}

static void print(const struct efi *efi, const char *fmt, va_list args)
{
	uint16_t piece[PIECE_CHARS + 3];
	char line[LINE_BYTES];
	uint32_t count = 0;

	if (efi->table->ConOut == NULL)
		return;
	fmt_vsnprintf(line, sizeof(line), fmt, args);
	for (const char *p = line; *p != '\0'; p++) {
		if (*p == '\n')
			piece[count++] = '\r';
		/* Text out of files must not steer the terminal. */
		piece[count++] = (*p >= ' ' && *p <= '~') || *p == '\n' ? *p : '?';
		if (count >= PIECE_CHARS)
			put_piece(efi, piece, &count);
	}
	put_piece(efi, piece, &count);
}

void eficon_print(const struct efi *efi, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(efi, fmt, args);
	va_end(args);
}

efi_status eficon_refuse(const struct efi *efi, efi_status status, const char *fmt, ...)
{
	va_list args;

	eficon_print(efi, "caisson: cannot start: ");
	va_start(args, fmt);
	print(efi, fmt, args);
	va_end(args);
	eficon_print(efi, "\n");
	return status;
}
