#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# "chatter.sh MEGABYTES PICTURE BYTES": writes so much to its console, lines and the recorded streams
# of full-screen programs but for PICTURE, then the first bytes of that, and waits.
stty -echo
for name in /streams/*; do
	[ "$name" = "/streams/$2" ] || set -- "$@" "$name"
done
megabytes=$1 picture=$2 bytes=$3
shift 3
rounds=$((megabytes * 1000000 / $( (seq 1 2000 && cat "$@") | wc -c) + 1))
while [ "$rounds" -gt 0 ]; do
	seq 1 2000
	cat "$@"
	rounds=$((rounds - 1))
done
printf '\033c'
head -c "$bytes" "/streams/$picture"
exec cat >/dev/null
