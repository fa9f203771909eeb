"""Where an entry comes from, as files say it: its page, DOIs, licence, authors."""

import re
from dataclasses import dataclass

from gateway.model import Json, JsonObject

OWN = ("entry_page", "dois", "license", "authors", "datasets")
"""The server's own properties that say so, without their prefix."""
_OWN_NAME = re.compile(rf"_[a-z][a-z0-9]*_({'|'.join(OWN)})")
_LONGEST = 500
"""Characters of a text; lines of a CIF end at 2,048."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of it; texts are one line each."""

    formula: str = ""
    entry_page: str = ""
    license: str = ""
    dois: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


def read_provenance(attributes: JsonObject) -> Provenance:
    """What the attributes say of it."""
    found = {match[1]: value for name, value in attributes.items() if (match := _own(name))}
    return Provenance(
        formula=_text(attributes.get("chemical_formula_descriptive")),
        entry_page=_text(found.get("entry_page")),
        license=_text(found.get("license")),
        dois=_texts(found.get("dois")),
        authors=_texts(found.get("authors")),
        datasets=_texts(found.get("datasets")),
    )


def one_line(text: str) -> str:
    """The text without line breaks and control characters, and not without end."""
    return _CONTROL.sub(" ", text).strip()[:_LONGEST]


def _own(name: str) -> re.Match[str] | None:
    return _OWN_NAME.fullmatch(name)


def _text(value: Json) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _texts(value: Json) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(text for item in items if (text := _text(item)))
