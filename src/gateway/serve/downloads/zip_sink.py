"""A zip archive that is written as it is sent: nothing of it is held but its list of contents."""

import io
import time
import zipfile

_MODE = 0o644 << 16


class ZipSink:
    """Members go in one after the other, bytes come out."""

    def __init__(self) -> None:
        self._out = _Out()
        self._zip = _Zip(self._out, "w", zipfile.ZIP_DEFLATED)
        self._made = time.gmtime()[:6]
        self._member: io.BufferedIOBase | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def begin(self, name: str, *, may_be_huge: bool = False) -> None:
        """Begin a member; the one before it is whole."""
        self.finish()
        info = zipfile.ZipInfo(name, self._made)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _MODE
        self._member = self._zip.open(info, "w", force_zip64=may_be_huge)  # type: ignore[assignment]

    def write(self, piece: bytes) -> bytes:
        """A piece of the member; what is ready to be sent."""
        assert self._member is not None
        self._member.write(piece)
        return self._out.take()

    def finish(self) -> None:
        """The member is whole."""
        if self._member is not None:
            self._member.close()
            self._member = None

    def close(self) -> bytes:
        """The list of contents, without which no program opens the archive."""
        self.finish()
        self._zip.close()
        return self._out.take()


class _Zip(zipfile.ZipFile):
    def __del__(self) -> None:
        """What was not closed stays so: its client has left."""


class _Out(io.RawIOBase):
    """What was written and not yet sent. It cannot seek, so sizes follow their members."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes alone
        """Keep it."""
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All of it, once."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
