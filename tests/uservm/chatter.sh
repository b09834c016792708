#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# "chatter.sh MEGABYTES PICTURE BYTES": writes so much to its console, lines and the recorded streams
# of full-screen programs, then the first bytes of the stream PICTURE, and waits.
stty -echo
rounds=$(($1 * 1000000 / $(cat /streams/* | wc -c)))
while [ "$rounds" -gt 0 ]; do
	seq 1 2000
	cat /streams/*
	rounds=$((rounds - 1))
done
printf '\033c'
head -c "$3" "/streams/$2"
exec cat >/dev/null
