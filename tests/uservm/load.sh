#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Of a Debian user VM, "load.sh SECONDS": stress-ng, which checks what it computes and what memory
# holds, and beside it fio, which writes /dev/vda from end to end in random order and reads it back,
# with a checksum in each block, again and again. The last line tells how often.
seconds=$1

stress-ng --cpu 1 --vm 1 --vm-bytes 48M --fork 1 --switch 1 --timer 1 --futex 1 --pipe 1 \
	--verify --timeout "$seconds" --metrics-brief >/tmp/stress-ng 2>&1 &
stress=$!

uptime_seconds() {
	cut -d. -f1 /proc/uptime
}

passes=0
end=$(($(uptime_seconds) + seconds))
while [ "$(uptime_seconds)" -lt $end ]; do
	fio --name=disk --filename=/dev/vda --direct=1 --ioengine=libaio --iodepth=8 \
		--rw=randwrite --bsrange=512-64k --randseed=$((passes + 1)) \
		--verify=crc32c --verify_fatal=1 >/tmp/fio 2>&1 || {
		head -n 20 /tmp/fio
		exit 1
	}
	passes=$((passes + 1))
done
if ! wait $stress || ! grep -q 'successful run completed' /tmp/stress-ng; then
	cat /tmp/stress-ng
	exit 1
fi
dmesg | grep -E 'BUG|Oops|Call trace|I/O error|rcu:.*stall' && exit 1
echo "load: $passes passes"
