"""What a client may take of one worker: connections, time and memory."""

import sys
from contextlib import suppress
from dataclasses import dataclass

from gateway.config import Config
from gateway.serve.request.forms import largest_form

HEADERS_BYTES = 64 * 1024
"""All headers of a request together, beside its first line."""
PROBES_AT_A_TIME = 16
"""Connections beyond the limit on which probes alone are answered: whoever watches a gateway that
has too much to do must not take it for dead."""
_RESERVED = 32 + PROBES_AT_A_TIME
"""Descriptors for logs, listening sockets, files that are read, the event loop itself."""
_HARD_LIMIT = 65_536

if sys.platform == "win32":

    def open_files() -> int:
        """How many descriptors the process may have."""
        return _HARD_LIMIT

    def raise_descriptor_limit() -> None:
        """Nothing: sockets are not counted there."""

else:
    import resource

    def open_files() -> int:
        """How many descriptors the process may have."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return _HARD_LIMIT if soft == resource.RLIM_INFINITY else soft

    def raise_descriptor_limit() -> None:
        """Allow this process and its children as many descriptors as the system lets them have."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _HARD_LIMIT if hard == resource.RLIM_INFINITY else min(hard, _HARD_LIMIT)
        if soft != resource.RLIM_INFINITY and soft < most:
            with suppress(OSError, ValueError):  # then it is as many as there are
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of one worker; durations are seconds, sizes bytes."""

    connections: int = 1000
    held_bytes: int = 64 * 1024 * 1024
    """Of requests that are not yet whole and of answers that are not yet sent, all together."""
    first_line_bytes: int = 128 * 1024
    headers_bytes: int = HEADERS_BYTES
    head_s: float = 10.0
    """For the first line and headers, from their first byte on (or from connecting)."""
    body_s: float = 120.0
    """For the body of a request: ArchiveQuery sends a head, then reads what it got before, and only
    then the body; 30 s were too short for large archives. Who waits longest makes way first."""
    write_s: float = 20.0
    """In which a client must take some of the answer that waits for it."""


def limits_of(config: Config, *, files: int | None = None) -> ConnectionLimits:
    """The configured bounds; fewer connections where the process may not have so many open `files`
    (None: as many as the system says)."""
    keys = config.connections
    upstream = sum(site.concurrency for site in config.sites) + _RESERVED
    files = open_files() if files is None else files
    available = max(files - upstream, files // 2)
    return ConnectionLimits(
        connections=min(keys.max_connections, available),
        held_bytes=keys.max_held_bytes,
        first_line_bytes=largest_form(config.filters.length),
        head_s=keys.head_s,
        body_s=keys.body_s,
        write_s=keys.write_s,
    )
