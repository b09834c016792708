# SPDX-License-Identifier: BSD-2-Clause
"""What Debian's vmtoolsd costs in a guest that does nothing else: its calls of the tools' interface,
each of which is a trap and an exit to the VMM, in a second of virtual time."""

import os
import subprocess

from machine import Failed, Machine, finish_rows

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SECONDS = 1800
SCRIPT = """#!/bin/sh
# The first minute is for what vmtoolsd does but once.
calls() {
	caisson stats idle | awk '$1 == "exits-tools" { print $2 }'
}
caisson run --detach --name idle --mem 256M --kernel /guest/vmlinuz --initrd /guest/initrd \\
	--guest-tools vmware --append 'quiet caisson.run="vmtoolsd & sleep 600"' || exit
sleep 60
before=$(calls)
sleep 100
each=$((($(calls) - before) / 100))
echo "ROW tools_idle_traps $each $each"
[ $each -gt 0 ] && echo BENCH done || echo BENCH failed: no calls
"""


def assemble(name, *options):
    """A folder with vmlinuz and initrd of the small service VM."""
    folder = os.path.join(ROOT, "build", "bench", name)
    done = subprocess.run([os.path.join(ROOT, "tools", "servicevm"), "--output", folder, *options],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"tools/servicevm failed:\n{done.stderr}")
    return folder


def rows(build, work, command):
    """command: tools/host with its options, without what runs in it."""
    guest = assemble("servicevm-tools-guest", "--with=open-vm-tools")
    script = os.path.join(work, "idle-tools")
    with open(script, "w", encoding="utf-8") as file:
        file.write(SCRIPT)
    os.chmod(script, 0o755)
    host = assemble("servicevm-tools", f"--add={script}:bin/idle-tools",
                    f"--add={guest}/vmlinuz:guest/vmlinuz", f"--add={guest}/initrd:guest/initrd",
                    *(f"--add={build}/vmm/{name}:bin/{name}" for name in ("caisson", "caissond")))
    with Machine("user", [*command, "--kernel", f"{host}/vmlinuz", "--initrd", f"{host}/initrd",
                          "--append", "quiet caisson.run=idle-tools"], SECONDS) as system:
        return finish_rows(system)
