"""The whole result in CIF, XYZ or POSCAR as a zip archive; its last member tells of every entry."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gateway.errors import GatewayError, NoFileError, RequestError
from gateway.model import PageLink, Resource, SearchAnswer
from gateway.serve.downloads.completeness import check_archives
from gateway.serve.downloads.file import file_of, is_large
from gateway.serve.downloads.zip_sink import ZipSink
from gateway.serve.request.context import RequestContext
from gateway.serve.request.formats import most_entries
from gateway.serve.response.piecewise import PIECE_BYTES
from gateway.serve.state import AppState
from gateway.write import FORMATS, file_stem, write_header, write_row

MANIFEST, QUERY = "manifest.csv", "query.txt"
COLUMNS = ("id", "file", "frame", "why_not")


@dataclass(frozen=True, slots=True)
class _Made:
    """An entry and its file; `text` is None where there is none."""

    id: str
    text: str | None
    why_not: str = ""


class Archive:
    """One zip while it goes out."""

    def __init__(self, name: str, *, context: RequestContext, app_state: AppState) -> None:
        self._format = FORMATS[name]
        self._frames_name = f"structures.{self._format.suffix}"
        self._context = context
        self._app_state = app_state
        self._sink = ZipSink()
        self._rows: list[bytes] = [write_header(COLUMNS).encode()]
        self._frames = 0

    def check(self, answer: SearchAnswer) -> None:
        """No file is missing because an archive came too late, and there are not too many."""
        most = most_entries(self._format)
        if answer.data_returned > most:
            raise RequestError(
                f"The result has {answer.data_returned} entries; an archive of {self._format.title}"
                f" holds at most {most}. Ask for less with a filter.",
                parameter="response_format",
            )
        check_archives(answer)

    async def begin(self, first: SearchAnswer) -> Sequence[bytes]:
        """What was asked for."""
        self._sink.begin(QUERY)
        pieces = [self._sink.write(self._query(first).encode())]
        if self._format.is_listing:
            self._sink.begin(self._frames_name, may_be_huge=True)
        return pieces

    async def page(self, answer: SearchAnswer) -> Sequence[bytes]:
        """The files of one page, each packed before the next one is made."""
        pieces: list[bytes] = []
        for are_large, resources in groupby(answer.resources, is_large):
            if not are_large:
                pieces += await self._sliced(map(self._made, resources))
                continue
            for resource in resources:
                made = await asyncio.to_thread(self._made, resource)
                pieces += await self._sliced((made,))
        return pieces

    async def end(self) -> Sequence[bytes]:
        """The manifest and the list of contents."""
        self._sink.begin(MANIFEST)
        rows = self._app_state.slices.map(self._sink.write, _joined(self._rows))
        return [*await rows, await asyncio.to_thread(self._sink.close)]

    async def broken_off(self, error: GatewayError, link: PageLink) -> Sequence[bytes]:
        """Nothing: an archive without its list of contents is opened by no program."""
        del link
        raise error

    def _made(self, resource: Resource) -> _Made:
        try:
            return _Made(resource.id, file_of(resource, self._format.name))
        except NoFileError as error:
            return _Made(resource.id, None, error.detail)

    async def _sliced(self, made: Iterable[_Made]) -> list[bytes]:
        return await self._app_state.slices.map(bytes, self._packed(made))

    def _packed(self, made: Iterable[_Made]) -> Iterator[bytes]:
        """One piece at a time, and an empty one for an entry without a file."""
        for one in made:
            name, frame, why_not = None, None, one.why_not
            if one.text is not None and self._format.is_listing:
                name, frame = self._frames_name, self._frames
                self._frames += 1
            elif one.text is not None:
                name = f"{file_stem(one.id)}.{self._format.suffix}"
                if name in self._sink:
                    why_not = "It changed meanwhile and came twice; the file is the first one."
                else:
                    self._sink.begin(name)
            yield b""
            if one.text is not None and not why_not:
                yield from self._written(one.text.encode())
            self._rows.append(write_row((one.id, name, frame, why_not or None)).encode())

    def _written(self, body: bytes) -> Iterator[bytes]:
        for start in range(0, len(body), PIECE_BYTES):
            yield self._sink.write(body[start : start + PIECE_BYTES])

    def _query(self, first: SearchAnswer) -> str:
        context = self._context
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        held = "\n".join(
            f"  {report.name}: {'-' if report.total is None else report.total}"
            for report in first.reports
            if report.state != "excluded"
        )
        return (
            f"{context.versioned_url}{context.representation}\n\n"
            f"Asked {now}. {first.data_returned} structures match:\n{held}\n\n"
            f"{MANIFEST}, the last member, tells for each of them which file holds it, or why none"
            " can.\nPlease cite what the pages of the entries ask for; each file names its entry's"
            " page.\n"
        )


def _joined(rows: Sequence[bytes]) -> Iterator[bytes]:
    for start in range(0, len(rows), 1000):
        yield b"".join(rows[start : start + 1000])
