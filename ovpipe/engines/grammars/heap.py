"""How much memory this process has taken from its C library."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


class _Mallinfo2(ctypes.Structure):
    """glibc's `struct mallinfo2` (mallinfo(3)), in bytes."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def heap_in_use() -> int:
    """Bytes that all threads have allocated; 0 where the C library does not say."""
    mallinfo2 = _mallinfo2()
    if mallinfo2 is None:
        return 0
    found = mallinfo2()
    return int(found.uordblks + found.hblkhd)


@cache
def _mallinfo2() -> Any:
    """The function, which glibc has from 2.33 on."""
    try:
        function = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return None
    function.restype = _Mallinfo2
    return function
