"""Where a result goes: standard output, a file that grows, a file that is made at the end."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.cli.query.formats import Ending, LineWriter, Writer
from gateway.cli.query.resuming import Position, beside, save
from gateway.cli.query.walking import Page

Make = Callable[[BinaryIO, BinaryIO, Ending], None]
"""Reads lines of entries, writes the file that holds them."""


class Output(Protocol):
    """Takes pages, whole ones only."""

    position: Position

    def page(self, page: Page) -> None:
        """Write one, and note that it is written."""

    def end(self, ending: Ending, *, is_done: bool) -> None:
        """Nothing more comes now; `is_done`: nor later."""

    def close(self) -> None:
        """Let go of what is open, whatever has happened."""


class StreamOutput:
    """Standard output."""

    def __init__(self, stream: BinaryIO, writer: Writer, position: Position) -> None:
        self.position = position
        self._stream = stream
        self._writer = writer
        self._stream_begun = False

    def page(self, page: Page) -> None:
        """Written, and sent on at once."""
        if not self._stream_begun:
            self._stream.write(self._writer.begin())
            self._stream_begun = True
        self._stream.write(self._writer.page(page.entries))
        self._stream.flush()
        self.position.count += len(page.entries)

    def end(self, ending: Ending, *, is_done: bool) -> None:
        """What stands below; nothing where nothing came."""
        del is_done
        if self._stream_begun:
            self._stream.write(self._writer.end(ending))
            self._stream.flush()

    def close(self) -> None:
        """It stays open."""


class FileOutput:
    """A file that grows page by page and can be resumed."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        position: Position,
        *,
        data: Path | None = None,
        can_resume: bool = True,
    ) -> None:
        self.position = position
        self._path = path
        self._data = data or path
        self._writer = writer
        self._can_resume = can_resume
        self._file: BinaryIO | None = None

    def page(self, page: Page) -> None:
        """What was torn when an earlier run ended is cut off first."""
        file = self._file or self._opened()
        file.write(self._writer.page(page.entries))
        self.position.next = page.next
        self.position.count += len(page.entries)
        self.position.meta = page.meta
        if self._can_resume:
            save(self._path, self.position, file)

    def end(self, ending: Ending, *, is_done: bool) -> None:
        """Whole: what tells how to go on is removed."""
        if self._file is not None:
            self._file.write(self._writer.end(ending))
        self.close()
        if is_done:
            beside(self._path).unlink(missing_ok=True)

    def close(self) -> None:
        """The file stays as it is."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        if self.position.count:
            self._file = file = self._data.open("r+b")
            file.truncate(self.position.size)
            file.seek(self.position.size)
        else:
            self._file = file = self._data.open("w+b")
            file.write(self._writer.begin())
        return file


class MadeOutput:
    """A file that can only be written in one go: pages are kept beside it, in `FILE.part`."""

    def __init__(self, path: Path, make: Make, position: Position) -> None:
        self.position = position
        self._path = path
        self._make = make
        self._part = part_of(path)
        self._is_begun = position.count > 0
        self._lines = FileOutput(path, LineWriter(), position, data=self._part)

    def page(self, page: Page) -> None:
        """Kept."""
        self._lines.page(page)
        self._is_begun = True

    def end(self, ending: Ending, *, is_done: bool) -> None:
        """The file, from all that is kept; replaced in one step."""
        self._lines.close()
        if self._is_begun:
            os.truncate(self._part, self.position.size)  # a page may have been torn before
            new = self._path.with_name(f"{self._path.name}.new")
            with self._part.open("rb") as lines, new.open("wb") as file:
                self._make(lines, file, ending)
            new.replace(self._path)
        if is_done:
            beside(self._path).unlink(missing_ok=True)
            self._part.unlink(missing_ok=True)

    def close(self) -> None:
        """What is kept stays."""
        self._lines.close()


def part_of(path: Path) -> Path:
    """Where pages are kept until a file can be made of them."""
    return path.with_name(f"{path.name}.part")
