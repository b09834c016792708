#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# embed.sh HYP_BIN OUTPUT: an assembly file that holds the hypervisor's flat image, between the
# symbols hyp_image and hyp_image_end.
cat > "$2" <<EOF
	.section .embed, "a", %progbits
	.balign 64
	.global hyp_image
	.global hyp_image_end
hyp_image:
	.incbin "$1"
hyp_image_end:
EOF
