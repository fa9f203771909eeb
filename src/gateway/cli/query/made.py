"""Lines of entries -> a file that can only be written in one go: a document, a zip archive."""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from gateway.cli.query.formats import DocumentWriter, Ending, Unwritten, file_text, resource_of
from gateway.cli.query.outputs import Make
from gateway.errors import NoFileError
from gateway.model import JsonObject
from gateway.serve.downloads.archive import COLUMNS, MANIFEST, QUERY
from gateway.write import FORMATS, file_stem, write_header, write_row

_LINES = 1_000


def make_document(lines: BinaryIO, file: BinaryIO, ending: Ending) -> None:
    """An OPTIMADE document."""
    writer = DocumentWriter()
    file.write(writer.begin())
    entries = _entries(lines)
    while portion := list(islice(entries, _LINES)):
        file.write(writer.page(portion))
    file.write(writer.end(ending))


def zip_maker(form: str, *, asked_of: str, unwritten: Unwritten) -> Make:
    """Makes an archive with one file an entry, and a table that tells of every entry."""

    def make(lines: BinaryIO, file: BinaryIO, ending: Ending) -> None:
        rows = [write_header(COLUMNS)]
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            archive.writestr(QUERY, _query_text(asked_of, ending))
            rows += [_packed(archive, entry, form, unwritten) for entry in _entries(lines)]
            archive.writestr(MANIFEST, "".join(rows))

    return make


def _packed(archive: ZipFile, entry: JsonObject, form: str, unwritten: Unwritten) -> str:
    """The entry's file goes in; what the manifest says of it."""
    resource = resource_of(entry)
    try:
        text = file_text(resource, form)
    except NoFileError as error:
        why = unwritten.add(resource.id, error.detail)
        return write_row((resource.id, None, None, why))
    name = f"{file_stem(resource.id)}.{FORMATS[form].suffix}"
    if name in archive.NameToInfo:
        why = unwritten.add(resource.id, "Another entry's file has this name.")
        return write_row((resource.id, None, None, why))
    archive.writestr(name, text)
    return write_row((resource.id, name, None, None))


def _query_text(asked_of: str, ending: Ending) -> str:
    count = f"{ending.count} of {ending.shown_total}"
    return (
        f"{asked_of}\n/structures?{ending.query}\n\n{count} structures that match.\n"
        f"{MANIFEST}, the last member, tells for each of them which file holds it, or why none can."
        "\n"
    )


def _entries(lines: BinaryIO) -> Iterator[JsonObject]:
    for line in lines:
        entry = orjson.loads(line)
        assert isinstance(entry, dict)
        yield entry
