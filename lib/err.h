/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ERR_H
#define LIB_ERR_H

/*
 * The one error type of Caisson. A function that can fail returns it and must be checked;
 * bool is for questions. Codes of an outside protocol (PSCI, SMCCC, errno) are made from it
 * in one place per boundary.
 */
enum err {
	ERR_OK = 0,
	ERR_INVALID,     /* malformed, misaligned or contradictory input */
	ERR_RANGE,       /* outside the bounds that apply */
	ERR_TRUNCATED,   /* ends before what it announces */
	ERR_OVERLAP,     /* collides with something already there */
	ERR_NOT_FOUND,   /* no such thing */
	ERR_NO_MEMORY,   /* the memory set aside for it is used up */
	ERR_UNSUPPORTED, /* well-formed, but not something Caisson can do */
	ERR_DENIED,      /* the caller may not do this */
	ERR_BUSY,        /* not now */
};

#endif
