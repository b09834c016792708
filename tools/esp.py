# SPDX-License-Identifier: BSD-2-Clause
"""EFI system partitions: disks that are one FAT file system, made by mtools."""

import os
import subprocess

MIB = 1 << 20
SPARE = 8 * MIB
FAT32_MIN = 40 * MIB


def run(command, fds):
    subprocess.run(command, check=True, pass_fds=fds, stdin=subprocess.DEVNULL,
                   env={**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C"})


def write(path, files, fds=()):
    """Makes a disk of the file at path: files are path on the disk -> path here. fds: files that
    the paths mean by /dev/fd."""
    total = sum(-(-os.path.getsize(here) // 4096) * 4096 for here in files.values())
    size = -(-max(total + SPARE, FAT32_MIN) // MIB) * MIB
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.truncate(size)
    # Cylinders of 1 MiB: no rounding, so that all of the file system is within the disk.
    run(["mformat", "-i", path, "-t", str(size // MIB), "-h", "64", "-s", "32", "-F", "-v", "ESP",
         "-N", "ca155001", "::"], fds)
    folders = {os.path.dirname(name)[:end] for name in files
               for end in range(1, len(os.path.dirname(name)) + 1)
               if os.path.dirname(name)[end:end + 1] in ("", "/")}
    if folders:
        run(["mmd", "-i", path, *(f"::{folder}" for folder in sorted(folders))], fds)
    for name, here in files.items():
        run(["mcopy", "-i", path, here, f"::{name}"], fds)
