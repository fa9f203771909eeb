"""What NOMAD's own OPTIMADE endpoint names beside the quantities of `nmd.json`.

Clients that were written for it ask for these names in `response_fields`
(tests/field/compare_info.py compares both endpoints).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.properties.native_query import Exists
from gateway.properties.property import Property

LINKS = {
    "_nmd_entry_page_url": "The entry's page for people at its NOMAD installation.",
    "_nmd_archive_url": "The entry's whole archive as JSON, at the API of its NOMAD installation.",
    "_nmd_raw_file_download_url": "The entry's raw files as a zip file, at the API of its NOMAD "
    "installation.",
}
"""Where an entry lives, in NOMAD's words. NOMAD's own values lead to addresses of its version 0,
which answer 404 today; these lead to what they say."""

_TOPOLOGY = "results.material.topology"
_FORMULAS = {
    "chemical_formula_hill": "The chemical formula of each system of the topology, in Hill order.",
    "chemical_formula_iupac": "The chemical formula of each system of the topology, in IUPAC's "
    "order.",
    "chemical_formula_reduced_fragments": "The reduced chemical formulas of the fragments of each "
    "system of the topology.",
}
"""NOMAD rewrites what these are compared with, and 2.0 fails on their ranges."""

_PRIVATE = {
    "_nmd_viewer_groups": "Who may see an entry is not served.",
    "_nmd_writer_groups": "Who may change an entry is not served.",
    "_nmd_text_search_contents": "Texts that only serve NOMAD's free-text search are not served.",
}


def endpoint_properties(quantities: Iterable[Property]) -> Iterator[Property]:
    """All of them; `quantities` are the properties of `nmd.json`."""
    for name, words in LINKS.items():
        yield Property(name, "string", "archive", fields=("entry_id",), description=words,
                       by_default=False)  # fmt: skip
    for name, words in _FORMULAS.items():
        yield _formula(name, words)
    for name, words in _PRIVATE.items():
        yield Property(name, "list", "absent", items="string", known=False, description=words,
                       by_default=False)  # fmt: skip
    yield from _with_capitals(quantities)


def _formula(name: str, words: str) -> Property:
    path = f"{_TOPOLOGY}.{name}"
    return Property(
        f"_nmd_{path.replace('.', '_')}",
        "list",
        "archive",
        items="string",
        known=Exists(path),
        fields=(f"{_TOPOLOGY}.*",),
        nested=_TOPOLOGY,
        path=path,
        description=words,
        by_default=False,
    )


def _with_capitals(quantities: Iterable[Property]) -> Iterator[Property]:
    """NOMAD's endpoint keeps the capitals of a quantity's name (`van_der_Waals_method`), which
    OPTIMADE does not allow: such names are answered, not listed."""
    for one in quantities:
        name = f"_nmd_{(one.path or '').replace('.', '_')}"
        if name != name.lower():
            yield replace(one, name=name, is_listed=False)
