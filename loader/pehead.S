/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first bytes of a program that loader.ld links: an arm64 Image header, which is the head of a
 * PE/COFF header, too, and the way from UEFI to efi_main(). `entry` is where it begins as an Image.
 */
#define IMAGE_FLAGS 0xa /* little-endian, 4 KiB pages, anywhere in memory */

#define R_AARCH64_RELATIVE 1027

	.section .head, "ax", %progbits
	.global loader_start
loader_start:
	.inst	0xd1005a4d	/* sub x13, x18, #22: does no harm, and begins with "MZ" */
	b	entry
	.quad	0		/* text_offset */
	.quad	loader_image_bytes
	.quad	IMAGE_FLAGS
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	pe_header - loader_start

/*
 * Microsoft's "PE Format". Offsets in the file are offsets in memory. What the program itself
 * relocates (.rodata, too) is data here, so nothing is both writable and executable; there are no
 * relocations for firmware to do.
 */
	.balign	8
pe_header:
	.ascii	"PE\0\0"
	.short	0xaa64		/* Machine: ARM64 */
	.short	2		/* NumberOfSections */
	.long	0, 0, 0		/* TimeDateStamp, no symbols */
	.short	pe_sections - pe_optional
	.short	0x22		/* EXECUTABLE_IMAGE, LARGE_ADDRESS_AWARE */
pe_optional:
	.short	0x20b		/* PE32+ */
	.byte	0, 0
	.long	loader_text_bytes
	.long	loader_data_bytes
	.long	loader_zero_bytes
	.long	entry_uefi - loader_start
	.long	LOADER_TEXT	/* BaseOfCode */
	.quad	0		/* ImageBase */
	.long	LOADER_PAGE	/* SectionAlignment */
	.long	LOADER_FILE_ALIGN
	.short	0, 0, 0, 0, 0, 0
	.long	0
	.long	loader_image_bytes
	.long	LOADER_TEXT	/* SizeOfHeaders */
	.long	0		/* CheckSum */
	.short	10		/* Subsystem: EFI application */
	.short	0x100		/* NX_COMPAT */
	.quad	0, 0, 0, 0
	.long	0
	.long	6		/* NumberOfRvaAndSizes */
	.quad	0, 0, 0, 0, 0, 0
pe_sections:
	.ascii	".text\0\0\0"
	.long	loader_text_bytes, LOADER_TEXT, loader_text_bytes, LOADER_TEXT
	.long	0, 0, 0
	.long	0x60000020	/* code, executable, readable */
	.ascii	".data\0\0\0"
	.long	loader_data_zero_bytes, loader_data_offset, loader_data_bytes, loader_data_offset
	.long	0, 0, 0
	.long	0xc0000040	/* initialised data, readable, writable */

/*
 * Pointers in initialised data were linked for address 0. A second time does no harm. Needs no
 * stack; changes x1 to x6.
 */
	.section .text.relocate, "ax"
	.global relocate
relocate:
	adrp	x3, loader_start
	adrp	x1, loader_rela_start
	add	x1, x1, :lo12:loader_rela_start
	adrp	x2, loader_rela_end
	add	x2, x2, :lo12:loader_rela_end
1:	cmp	x1, x2
	b.hs	2f
	ldp	x4, x5, [x1], #16
	ldr	x6, [x1], #8
	cmp	x5, #R_AARCH64_RELATIVE
	b.ne	1b
	add	x6, x6, x3
	str	x6, [x3, x4]
	b	1b
2:	ret

/* As an application of UEFI (UEFI 2.10 2.3.6): on firmware's stack, under its MMU. */
	.section .text.entry_uefi, "ax"
entry_uefi:
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	bl	relocate
	ldp	x0, x1, [sp, #16]
	bl	efi_main
	ldp	x29, x30, [sp], #32
	ret
