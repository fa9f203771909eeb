"""Entries as a server gives them -> the bytes of a table, of lines, of a document."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, cast

import orjson

from gateway.cli.query.question import JSON, JSONL, TABLE, Question
from gateway.cli.tables import Table
from gateway.errors import NoFileError
from gateway.model import Json, JsonObject, Resource
from gateway.serve.downloads.file import file_of
from gateway.serve.downloads.table import columns_for, row_writer
from gateway.write import CSV, XYZ, write_header

_MALFORMED = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a result ended."""

    count: int
    """Entries written."""
    is_whole: bool
    """Whether nothing that matches was left out."""
    query: str
    """The parameters that were asked with."""
    meta: JsonObject
    """That of the last page."""

    @property
    def total(self) -> int | None:
        """How many match; None: the server does not say."""
        total = self.meta.get("data_returned")
        return total if isinstance(total, int) else None

    @property
    def shown_total(self) -> str:
        """The same in a sentence."""
        return "an unknown number" if self.total is None else str(self.total)


class Writer(Protocol):
    """Makes the bytes of one result."""

    def begin(self) -> bytes:
        """What stands before the entries."""

    def page(self, entries: Sequence[JsonObject]) -> bytes:
        """The entries of one page."""

    def end(self, ending: Ending) -> bytes:
        """What stands after all of them."""


@dataclass(slots=True)
class Unwritten:
    """Entries that a format cannot hold: how many, and why the first ones."""

    count: int = 0
    why: dict[str, str] = field(default_factory=dict)
    holder: str = "Its Oasis"
    """What the database of an entry is called."""

    def add(self, entry_id: str, why: str) -> str:
        """One more; the reason in the words of this server."""
        why = why.replace("Its Oasis", self.holder)
        self.count += 1
        if len(self.why) < 3:
            self.why[entry_id] = why
        return why


def writer_for(question: Question, fields: tuple[str, ...] | None, unwritten: Unwritten) -> Writer:
    """The writer of a format that holds many entries."""
    match question.form:
        case form if form == TABLE:
            return TableWriter(fields or ())
        case form if form == CSV:
            return CsvWriter(fields or ())
        case form if form == XYZ:
            return TextWriter(XYZ, unwritten)
        case form if form == JSON:
            return DocumentWriter()
        case form if form == JSONL:
            return LineWriter()
        case form:
            return TextWriter(form, unwritten)


class LineWriter:
    """One entry a line, and nothing else."""

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def page(self, entries: Sequence[JsonObject]) -> bytes:
        """Each as it came."""
        return b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in entries)

    def end(self, ending: Ending) -> bytes:
        """Nothing."""
        del ending
        return b""


class DocumentWriter(LineWriter):
    """An OPTIMADE document with all entries."""

    def __init__(self) -> None:
        self._separator = b"\n"

    def begin(self) -> bytes:
        """The beginning of `data`."""
        return b'{"data": ['

    def page(self, entries: Sequence[JsonObject]) -> bytes:
        """One entry a line."""
        pieces: list[bytes] = []
        for one in entries:
            pieces += [self._separator, orjson.dumps(one)]
            self._separator = b",\n"
        return b"".join(pieces)

    def end(self, ending: Ending) -> bytes:
        """`links` and `meta`."""
        rest = orjson.dumps({"links": {"next": None}, "meta": _meta(ending)})
        return b"\n],\n" + rest[1:] + b"\n"


class CsvWriter(LineWriter):
    """A header, then one entry a line."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._columns = columns_for(fields)
        self._row = row_writer(self._columns)

    def begin(self) -> bytes:
        """The names of the columns."""
        return write_header(self._columns).encode()

    def page(self, entries: Sequence[JsonObject]) -> bytes:
        """Unknown is empty, lists are JSON."""
        return b"".join(self._row(resource_of(one)) for one in entries)


class TableWriter(LineWriter):
    """For people: columns, and below them how many entries there are."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._names = [name for name in fields if name not in ("id", "type")]
        self._table = Table(("id", *self._names))

    def page(self, entries: Sequence[JsonObject]) -> bytes:
        """One line an entry."""
        resources = map(resource_of, entries)
        rows = [(one.id, *map(one.attributes.get, self._names)) for one in resources]
        text = self._table.write(rows)
        return f"{text}\n".encode() if text else b""

    def end(self, ending: Ending) -> bytes:
        """The counts."""
        return f"{ending.count} of {ending.shown_total} entries that match\n".encode()


class TextWriter(LineWriter):
    """The files of entries, one after the other."""

    def __init__(self, form: str, unwritten: Unwritten) -> None:
        self._form = form
        self._unwritten = unwritten

    def page(self, entries: Sequence[JsonObject]) -> bytes:
        """Those that have one."""
        return b"".join(map(self._text, map(resource_of, entries)))

    def _text(self, resource: Resource) -> bytes:
        try:
            return file_text(resource, self._form).encode()
        except NoFileError as error:
            self._unwritten.add(resource.id, error.detail)
            return b""


def file_text(resource: Resource, form: str) -> str:
    """The file of one entry; NoFileError where there is none.

    The writers trust the types of what our own steps have shaped; another server's may be anything.
    """
    try:
        return file_of(resource, form)
    except _MALFORMED as error:
        raise NoFileError("Its structure is not as OPTIMADE has it.") from error


def resource_of(entry: Mapping[str, object]) -> Resource:
    """A JSON:API resource object in our words; what is malformed in it is not there."""
    attributes, relationships = entry.get("attributes"), entry.get("relationships")
    return Resource(
        str(entry.get("type")),
        str(entry.get("id")),
        cast(JsonObject, attributes) if isinstance(attributes, dict) else {},
        relationships if isinstance(relationships, dict) else None,
    )


def joined_meta(before: JsonObject, now: JsonObject) -> JsonObject:
    """`meta` of pages read one after the other: what sites have returned adds up."""
    returned = {
        str(one.get("name")): one.get("returned") for _, sites in _sites(before) for one in sites
    }
    added: JsonObject = {}
    for name, sites in _sites(now):
        added[name] = [
            {**one, "returned": _sum(one.get("returned"), returned.get(str(one.get("name"))))}
            for one in sites
        ]
    return {**now, **added}


def _sites(meta: JsonObject) -> Iterator[tuple[str, list[JsonObject]]]:
    """What a gateway says of its sites, under its own prefix."""
    for name, value in meta.items():
        if re.fullmatch(r"_[a-z0-9]+_sites", name) and isinstance(value, list):
            yield name, [one for one in value if isinstance(one, dict)]


def _sum(one: Json, other: Json) -> Json:
    return one + other if isinstance(one, int) and isinstance(other, int) else one


def _meta(ending: Ending) -> JsonObject:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    left_out = ("request_delay", "schema", *(("warnings",) if ending.is_whole else ()))
    kept = {name: value for name, value in ending.meta.items() if name not in left_out}
    return {
        **kept,
        "query": {"representation": f"/structures?{ending.query}"},
        "more_data_available": not ending.is_whole,
        "time_stamp": now,
    }
