"""Takes the network away from what runs: from the helper, its children, and all that these start.

On Linux the helper moves into a network namespace of its own, in which there is only a loopback device; children
inherit it, so that none of them costs anything. An ordinary user needs a user namespace for that, which some systems
and most containers do not grant. There, and on other systems, only Python's own sockets are held back: C code is not,
and neither is a process that a snippet starts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import struct
import sys
from pathlib import Path
from typing import Any

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)
_SET_FLAGS, _UP = 0x8914, 1  # of netdevice(7)
_TO_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg"}  # what Python says before it does it (audit events)
_TO_NAME = {"socket.getaddrinfo", "socket.gethostbyname"}
_LOOPBACK, _NUMBER = re.compile(r"127\.|::1$"), re.compile(r"[\d.]+$|.*:")


def leave() -> bool:
    """Move this process, which has one thread, into a namespace without a network.

    Its user and group stay what they are, and so do its rights to files.

    Returns:
        False where the system does not grant it: then nothing has changed.
    """
    if sys.platform != "linux" or not _is_granted():
        return False
    _move()
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"  # torch.distributed would look for the address of the machine's name
    return True


def refuse() -> None:
    """From now on Python reaches no other machine from this process, and says what it says without a network.

    An audit hook cannot be taken off again. Where the system helps as well, this gives the same words as elsewhere.
    """
    sys.addaudithook(_refuse)


def _is_granted() -> bool:
    """Whether a child of this process can move. Some systems let it go half the way, which is no place to stay."""
    child = os.fork()
    if child == 0:
        try:
            _move()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _move() -> None:
    """Move, and have the loopback device work.

    Raises:
        OSError: where that is not allowed, or only in part.
    """
    import fcntl  # not on Windows

    user, group = os.geteuid(), os.getegid()
    try:
        _unshare(_NEW_NETWORK)
    except OSError:  # it is not root, who would lose other users' files in a user namespace
        _unshare(_NEW_USER | _NEW_NETWORK)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text, encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


def _unshare(what: int) -> None:
    """The system's own unshare.

    Raises:
        OSError: with its reason.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(what) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise what a socket, or a look-up, raises without a network.

    Raises:
        OSError: for an address, and for a name, that is not this machine's.
    """
    if event in _TO_ADDRESS:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    elif event in _TO_NAME and not _is_here(arguments[0]) and not _NUMBER.match(_text(arguments[0])):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def _is_here(host: Any) -> bool:
    """Whether a host, by name or by number, is this machine."""
    name = _text(host)
    return name in ("", "localhost", socket.gethostname()) or bool(_LOOPBACK.match(name))


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host or "")
