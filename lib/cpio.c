/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/cpio.h"

#include "lib/text.h"

/*
 * A member is a header of a 6 character magic and 13 fields of 8 hexadecimal digits, the name
 * with its NUL, and the data; header with name, and data, are padded to 4 bytes.
 */
#define CPIO_MAGIC            "070701"
#define CPIO_MAGIC_BYTES      6
#define CPIO_FIELD_BYTES      8
#define CPIO_HEADER_BYTES     110
#define CPIO_FIELD_FILE_BYTES 6
#define CPIO_FIELD_NAME_BYTES 11
#define CPIO_ALIGN            4
#define CPIO_TRAILER          "TRAILER!!!"

static bool parse_field(const uint8_t *header, unsigned int field, size_t *value)
{
	const uint8_t *p = header + CPIO_MAGIC_BYTES + field * CPIO_FIELD_BYTES;
	uint32_t result = 0;

	for (unsigned int i = 0; i < CPIO_FIELD_BYTES; i++) {
		uint8_t c = p[i];
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10u;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10u;
		else
			return false;
		result = result << 4 | digit;
	}
	*value = result;
	return true;
}

/* Is there one NUL, the last of the name's bytes? */
static bool name_is_terminated(const uint8_t *name, size_t bytes)
{
	size_t length = 0;

	while (length < bytes && name[length] != '\0')
		length++;
	return length + 1 == bytes;
}

bool cpio_is_archive(const void *data, size_t bytes)
{
	return bytes >= CPIO_MAGIC_BYTES &&
	       __builtin_memcmp(data, CPIO_MAGIC, CPIO_MAGIC_BYTES) == 0;
}

struct cpio_iter cpio_iter_init(const void *data, size_t bytes)
{
	return (struct cpio_iter){.data = data, .bytes = bytes};
}

enum err cpio_next(struct cpio_iter *it, struct cpio_file *file)
{
	/* An offset behind the end is that of padding which the archive lacks. */
	if (it->offset > it->bytes || it->bytes - it->offset < CPIO_HEADER_BYTES)
		return ERR_TRUNCATED;

	const uint8_t *header = it->data + it->offset;
	size_t left = it->bytes - it->offset;
	size_t name_bytes;
	size_t file_bytes;

	if (!cpio_is_archive(header, left) ||
	    !parse_field(header, CPIO_FIELD_NAME_BYTES, &name_bytes) ||
	    !parse_field(header, CPIO_FIELD_FILE_BYTES, &file_bytes))
		return ERR_INVALID;

	/* Both fields have 32 bits: no sum below can wrap. */
	size_t data_offset = bits_align_up(CPIO_HEADER_BYTES + name_bytes, CPIO_ALIGN);
	const char *name = (const char *)header + CPIO_HEADER_BYTES;

	if (CPIO_HEADER_BYTES + name_bytes > left)
		return ERR_TRUNCATED;
	if (!name_is_terminated(header + CPIO_HEADER_BYTES, name_bytes))
		return ERR_INVALID;
	if (text_is(name, CPIO_TRAILER))
		return ERR_NOT_FOUND;
	if (data_offset > left || file_bytes > left - data_offset)
		return ERR_TRUNCATED;

	file->name = name[0] == '.' && name[1] == '/' ? name + 2 : name;
	file->data = header + data_offset;
	file->bytes = file_bytes;
	it->offset += data_offset + bits_align_up(file_bytes, CPIO_ALIGN);
	return ERR_OK;
}

enum err cpio_find(const void *data, size_t bytes, const char *name, struct cpio_file *file)
{
	struct cpio_iter it = cpio_iter_init(data, bytes);
	struct cpio_file member;
	enum err err;

	while ((err = cpio_next(&it, &member)) == ERR_OK) {
		if (text_is(member.name, name)) {
			*file = member;
			return ERR_OK;
		}
	}
	return err;
}
