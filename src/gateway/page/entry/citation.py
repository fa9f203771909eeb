"""How to cite an entry: one sentence, and a BibTeX record to copy."""

import re
from dataclasses import dataclass
from urllib.parse import quote

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True, slots=True)
class Cited:
    """What a citation is made of; what is empty is not known."""

    entry_id: str
    formula: str
    site_title: str
    address: str
    authors: tuple[str, ...] = ()
    dois: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    year: str = ""


def doi_address(doi: str) -> str:
    """Where a DOI leads; it comes from an Oasis and may hold anything."""
    return f"https://doi.org/{quote(doi, safe='/().;:-_')}"


def cite(cited: Cited) -> str:
    """A sentence as it stands in a list of references."""
    parts = [
        _people(cited.authors),
        f"{_title(cited)}",
        f"NOMAD entry {cited.entry_id}, {cited.site_title}{_in_brackets(cited.year)}",
        *(doi_address(doi) for doi in cited.dois[:1]),
        cited.address,
    ]
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def write_bibtex(cited: Cited) -> str:
    """A `@misc` record; its key is made of letters that every BibTeX knows."""
    fields = {
        "author": " and ".join(f"{{{_escape(name)}}}" for name in cited.authors),
        "title": f"{{{_escape(_title(cited))}}}",
        "year": cited.year,
        "publisher": _escape(f"NOMAD, {cited.site_title}"),
        "doi": cited.dois[0] if cited.dois else "",
        "url": cited.address,
        "note": _escape(f"NOMAD entry {cited.entry_id}"),
    }
    lines = [f"  {name} = {{{_one_line(value)}}}" for name, value in fields.items() if value]
    key = re.sub(r"[^A-Za-z0-9]", "", cited.entry_id) or "entry"
    return "@misc{nomad" + key + ",\n" + ",\n".join(lines) + "\n}"


def _in_brackets(year: str) -> str:
    return f" ({year})" if year else ""


def _title(cited: Cited) -> str:
    of = f", from {cited.datasets[0]}" if cited.datasets else ""
    return f"Structure of {cited.formula}{of}" if cited.formula else f"Structure{of}"


def _people(names: tuple[str, ...]) -> str:
    if len(names) > 6:
        return f"{names[0]} et al"
    return ", ".join(names)


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
