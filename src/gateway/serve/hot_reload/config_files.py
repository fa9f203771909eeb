"""The files that make a configuration, and what changes when one of them does."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from gateway.config import Config

Stamps: TypeAlias = Mapping[Path, tuple[int, int] | None]
"""What changes when a file does; None: there is no such file."""


def files_of(path: Path | None, config: Config) -> frozenset[Path]:
    """The files that make a configuration."""
    if path is None:
        return frozenset()
    named = (name for site in config.site_list for name in (site.token_file, site.ca_file) if name)
    return frozenset((path, *map(Path, named)))


def stamps_of(files: frozenset[Path]) -> Stamps:
    """The stamps of these files now."""
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
