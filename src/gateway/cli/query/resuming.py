"""How far a file has come: `FILE.resume` beside it, replaced in one step after each page.

It says with which page to go on and how many bytes of the file are those of whole pages; what
follows them was being written when the program ended, and is cut off.
"""

import os
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Literal

import orjson

from gateway.cli.query.walking import count_of
from gateway.errors import ConfigError
from gateway.model import JsonObject

_VERSION = 1
_TAIL = 4_096
"""Bytes by which a file is recognised."""


@dataclass(slots=True)
class Position:
    """How far one file has come."""

    asked: JsonObject
    """What was asked for."""
    next: str | None = None
    """The page to go on with; None: there is none, or nothing was read yet."""
    ended_by: Literal["", "end", "limit"] = ""
    """Why no page is to be read any more; empty: some may be."""
    size: int = 0
    """Bytes of whole pages."""
    count: int = 0
    """Entries in them."""
    query: str = ""
    meta: JsonObject = field(default_factory=dict)
    """That of the last page."""
    tail: str = ""
    """A digest of the last bytes."""


def beside(path: Path) -> Path:
    """Where the position of a file stands."""
    return path.with_name(f"{path.name}.resume")


def begin(path: Path, data: Path, asked: JsonObject, *, resume: bool) -> Position:
    """From where to go on; ConfigError where that cannot be."""
    state = beside(path)
    if not state.exists():
        if resume and path.exists():
            raise ConfigError(
                f"there is nothing to resume: {path} is whole, since there is no {state} beside it"
            )
        return Position(asked)
    position = _read(state)
    if not resume:
        if position.count and data.exists():
            raise ConfigError(
                f"{path} is not finished: --resume goes on with it; to begin anew, remove {state}"
            )
        return Position(asked)
    _check_asked(position.asked, asked, path)
    if position.count == 0 and not position.ended_by:
        return Position(asked)
    _check_file(data, position, state)
    return position


def save(path: Path, position: Position, file: BinaryIO) -> None:
    """Note the position, once what it counts is in the file."""
    file.flush()
    os.fsync(file.fileno())
    position.size = file.tell()
    position.tail = _tail_of(file, position.size)
    state = beside(path)
    new = state.with_name(f"{state.name}.new")
    new.write_bytes(orjson.dumps({"version": _VERSION, **_written(position)}))
    new.replace(state)


def _written(position: Position) -> JsonObject:
    return {name: getattr(position, name) for name in Position.__slots__}


def _read(state: Path) -> Position:
    try:
        found = orjson.loads(state.read_bytes())
        is_known = isinstance(found, dict) and found.pop("version") == _VERSION
        position = Position(**found) if is_known else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        position = None
    if position is None or None in (count_of(position.size), count_of(position.count)):
        raise ConfigError(f"{state} was not written by this version of gateway query; remove it")
    return position


def _check_asked(before: JsonObject, now: JsonObject, path: Path) -> None:
    for name, value in now.items():
        if before.get(name) != value:
            raise ConfigError(
                f"{path} was begun with another {name}: {before.get(name)!r}, now {value!r}; "
                "--resume goes on with the same question only"
            )


def _check_file(data: Path, position: Position, state: Path) -> None:
    try:
        with data.open("rb") as file:
            is_same = _tail_of(file, position.size) == position.tail
    except FileNotFoundError:
        is_same = False
    if not is_same:
        raise ConfigError(f"{data} is not as gateway query left it; to begin anew, remove {state}")


def _tail_of(file: BinaryIO, size: int) -> str:
    """A digest of what stands before that place; the file is then at that place."""
    file.seek(max(0, size - _TAIL))
    tail = file.read(min(size, _TAIL))
    file.seek(size)
    return blake2b(tail, digest_size=16).hexdigest()
