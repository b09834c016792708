# SPDX-License-Identifier: BSD-2-Clause
"""Writes newc cpio archives (cpio(5), magic 070701): bundles and initramfs images.

The same members always give the same bytes: inode numbers count up, times are 0, the owner is
root.
"""

import stat

_ALIGN = 4
_TRAILER = "TRAILER!!!"


class Archive:
    """An archive that is being put together in memory."""

    def __init__(self):
        self._parts = []
        self._members = 0

    def _member(self, name, mode, data=b"", device=(0, 0)):
        encoded = name.encode() + b"\0"
        self._members += 1
        # ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor,
        # namesize, check
        fields = (self._members, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._parts += [_padded(header + encoded), _padded(data)]

    def file(self, name, data, mode=0o644):
        """A regular file; data is bytes."""
        self._member(name, stat.S_IFREG | mode, data)

    def directory(self, name, mode=0o755):
        self._member(name, stat.S_IFDIR | mode)

    def symlink(self, name, target):
        self._member(name, stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, name, major, minor, mode=0o600):
        self._member(name, stat.S_IFCHR | mode, b"", (major, minor))

    def data(self):
        """The finished archive."""
        self._member(_TRAILER, 0)
        return b"".join(self._parts)


def _padded(data):
    return data + b"\0" * (-len(data) % _ALIGN)


def bundle(kernel, initrd=None, cmdline=None):
    """What Caisson takes in the initrd slot: kernel and initrd are bytes, cmdline is text."""
    archive = Archive()
    archive.file("kernel", kernel)
    if initrd is not None:
        archive.file("initrd", initrd)
    if cmdline is not None:
        archive.file("cmdline", cmdline.encode())
    return archive.data()
