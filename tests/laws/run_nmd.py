"""Random filters over `_nmd_` properties, asked of a live Oasis, against the evaluator.

    python -m tests.laws.run_nmd --oasis URL --site oasis1 --truth truth.jsonl --version 2.0.0

It also holds what the gateway would serve of every entry against its index document.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import httpx

from gateway.errors import NotImplementedFilterError
from gateway.model import Entry as Held
from gateway.model import Site
from gateway.parse import read_filter
from gateway.plan import translate
from gateway.properties import STRUCTURE, structures_catalogue
from gateway.shape import index_fields, shape_structure
from tests.laws.entries import read_truth
from tests.laws.evaluator import Entry, evaluate
from tests.laws.nmd import nmd_values, prepared, served
from tests.laws.nmd_filters import NmdFilterMaker, names_of_nomad
from tests.laws.oasis import Oasis, RefusedError
from tests.laws.phrases import Phrase, shrink

PAGE = 200
CATALOGUE = structures_catalogue("fed")
NAMES = names_of_nomad()


class Checked:
    """One live Oasis, what is in it, and the filters that it was asked."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.client = httpx.Client(base_url=options.oasis, timeout=120)
        self.oasis = Oasis(self.client)
        self.site, self.version = options.site, options.version
        documents = {one["entry_id"]: one for one in self._documents(["*"])}
        self.entries = [
            self._entry(entry, documents[id_])
            for path in options.truth
            for entry in read_truth(path).get(self.site, ())
            if (id_ := cast(str, entry["immutable_id"]))
        ]

    def _entry(self, entry: Entry, document: dict[str, Any]) -> Entry:
        authors = [one["name"] for one in document["authors"]]
        values = nmd_values(document, version=self.version)
        return cast(Entry, {**entry, "_fed_authors": authors, **values})

    def expected(self, text: str) -> set[str]:
        """The ids of the entries that the evaluator finds."""
        tree = prepared(read_filter(text))
        return {
            cast(str, entry["immutable_id"])
            for entry in self.entries
            if evaluate(tree, entry) is True
        }

    def served_differently(self) -> Iterator[str]:
        """What the gateway serves of `_nmd_` properties otherwise than the documents hold it."""
        expected = {entry["immutable_id"]: entry for entry in self.entries}
        fields = list(index_fields(NAMES, CATALOGUE))
        for document in self._documents(fields):
            held = Held(self.site, document["entry_id"], document)
            site = Site(self.site, "http://oasis/api/v1", "")
            resource, notices = shape_structure(
                held, fields=NAMES, catalogue=CATALOGUE, prefix="fed", site=site
            )
            yield from (notice.detail for notice in notices)
            entry = expected[document["entry_id"]]
            for name in NAMES:
                wanted = served(entry.get(name))
                if resource.attributes[name] != wanted:
                    yield f"{name} of {document['entry_id']}: {resource.attributes[name]!r}"

    def difference(self, text: str) -> str | None:
        """What the Oasis answers otherwise than the evaluator says."""
        expected = self.expected(text)
        query = translate(text, site=self.site, version=self.version)
        try:
            if self.oasis.selects(query, expected):
                return None
            found = self.oasis.ids(query)
        except RefusedError as refused:
            return str(refused)
        extra, missing = sorted(found - expected)[:3], sorted(expected - found)[:3]
        return f"{len(expected)} expected, {len(found)} found; extra {extra}, missing {missing}"

    def refuses(self, text: str) -> bool:
        """Whether the filter is answered with 501."""
        try:
            translate(text, site=self.site, version=self.version)
        except NotImplementedFilterError:
            return True
        return False

    def _documents(self, fields: list[str]) -> Iterator[dict[str, Any]]:
        after: str | None = None
        while True:
            body = {
                "owner": "public",
                "query": STRUCTURE,
                "pagination": {"page_size": PAGE, "page_after_value": after},
                "required": {"include": fields},
            }
            answer = self.client.post("/entries/query", json=body).json()
            yield from answer["data"]
            after = answer["pagination"].get("next_page_after_value")
            if after is None or not answer["data"]:
                return


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints every difference and the counts; 1 if there was a difference."""
    options = _options(arguments)
    checked = Checked(options)
    print(f"{len(checked.entries)} entries", file=sys.stderr)
    different = 0
    for line in () if options.filters_only else checked.served_differently():
        different += 1
        print(line)
    maker = NmdFilterMaker(Random(options.seed), checked.entries, only=options.only)
    asked = refused = some = 0
    started = time.monotonic()
    while asked < options.count:
        phrase = maker.filter()
        if checked.refuses(str(phrase)):
            refused += 1
            continue
        asked += 1
        some += 0 < len(checked.expected(str(phrase))) < len(checked.entries)
        if checked.difference(str(phrase)):
            different += 1
            _explain(phrase, checked)
    seconds = time.monotonic() - started
    print(
        f"{asked} asked (seed {options.seed}), {different} different, {refused} refused with 501; "
        f"{some} select some but not all entries; {seconds:.0f} s"
    )
    return 1 if different else 0


def _explain(phrase: Phrase, checked: Checked) -> None:
    def differs(one: Phrase) -> bool:
        return not checked.refuses(str(one)) and checked.difference(str(one)) is not None

    smallest = str(shrink(phrase, differs))
    print(smallest)
    print(f"    {checked.difference(smallest)}")
    query = translate(smallest, site=checked.site, version=checked.version)
    print(f"    {json.dumps(query)[:600]}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oasis", required=True, help="its API address")
    parser.add_argument("--site", required=True, help="its name in the record of what was loaded")
    parser.add_argument("--version", required=True, help="of its NOMAD")
    parser.add_argument("--truth", required=True, nargs="+", type=Path, help="JSON lines")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="what the properties' names begin with")
    parser.add_argument("--filters-only", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
