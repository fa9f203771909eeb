"""Memory that is freed goes back to the system, as far as glibc is asked to give it back.

Left alone, glibc keeps what it has once had: a large block that is freed raises the size up to
which blocks are cut from its heap, where one small survivor holds what lies before it. A worker
that has held 400 MB for a moment keeps most of it, and takes more at the next such moment. With a
fixed threshold large blocks are mapped, and unmapped when they are freed. Other C libraries have no
such call, or need none.
"""

import ctypes
import os

_TRIM, _MAPPED = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of `mallopt`."""
_MAPPED_FROM = 256 * 1024
_FREE_AT_THE_END = 4 * 1024 * 1024


def give_back_freed_memory() -> bool:
    """Have it so in this process and in those that it starts; False: it is not glibc's."""
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(_MAPPED_FROM))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(_FREE_AT_THE_END))
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no None
        return False
    set_option.argtypes = (ctypes.c_int, ctypes.c_int)
    set_option.restype = ctypes.c_int
    given = [
        set_option(_MAPPED, int(os.environ["MALLOC_MMAP_THRESHOLD_"])),
        set_option(_TRIM, int(os.environ["MALLOC_TRIM_THRESHOLD_"])),
    ]
    return all(given)
