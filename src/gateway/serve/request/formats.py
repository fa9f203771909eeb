"""`response_format`: what an endpoint can answer with, and which properties that takes."""

from collections.abc import Mapping

from gateway.errors import ParameterError
from gateway.write import CSV, FORMATS, Format, columns_of, fields_of, formats_of

JSON = "json"
"""The one `response_format` of all endpoints, which has no prefix."""
JSONL = "jsonl"
EXCHANGE = "exchange"
"""JSON Lines in the form of the specification's appendix "Format for Database Exchange"."""

MOST_FILES, MOST_FRAMES = 20_000, 100_000
"""Entries in one archive: its list of contents and its manifest are held until its end, about 600
and 150 bytes an entry."""


def listing_formats(entry_type: str, prefix: str) -> tuple[str, ...]:
    """All values of `response_format` on a listing."""
    lines = (f"_{prefix}_{name}" for name in (JSONL, EXCHANGE))
    return (JSON, *lines, *_files(entry_type, prefix))


def entry_formats(entry_type: str, prefix: str) -> tuple[str, ...]:
    """All values of `response_format` on a single entry."""
    return (JSON, *_files(entry_type, prefix))


def chosen_format(given: Mapping[str, str], prefix: str) -> str:
    """The format without its prefix; one that is not served stays as it is."""
    return (given.get("response_format") or JSON).removeprefix(f"_{prefix}_")


def is_fixed(form: str) -> bool:
    """Whether the format itself decides which properties it is made of."""
    return form in FORMATS and form != CSV


def fields_for(
    form: str, given: tuple[str, ...] | None, entry_type: str, prefix: str
) -> tuple[str, ...] | None:
    """The properties that the answer is made of; `given` are those that were asked for."""
    if not is_fixed(form):
        return columns_of(entry_type, prefix) if given is None and form == CSV else given
    if given is not None:
        raise ParameterError(
            f"What a file in {FORMATS[form].title} holds is fixed; leave response_fields out, or "
            f"choose the format json or _{prefix}_{CSV}.",
            parameter="response_fields",
        )
    return fields_of(form, prefix)


def most_entries(form: Format) -> int:
    """How many entries an archive of this format can hold."""
    return MOST_FRAMES if form.is_listing else MOST_FILES


def _files(entry_type: str, prefix: str) -> tuple[str, ...]:
    return tuple(f"_{prefix}_{name}" for name in formats_of(entry_type))
