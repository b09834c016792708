#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shutdown -h|-r now, as the guest tools call it, for the small guest, whose busybox has none.
case $1 in
-r) exec reboot ;;
*) exec poweroff ;;
esac
