"""Every structure of a server in each form that clients make of it, held against the documentation.

By hand, against any server, such as a gateway over real Oases; 1 if anything is otherwise than the
table in docs/how-to/clients.md says:

    python -m tests.clients.conversions http://127.0.0.1:8080 --filter 'nelements=2'
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import httpx

from tests.clients.converters import CLIENTS, Resource, outcome_of
from tests.clients.soundness import faults_in
from tests.docs.pages import read_page

Table: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Kind of structure, client, the outcomes that there may be."""

HEADING = "What can be converted"
TABLE = Path(__file__).parents[2] / "docs" / "how-to" / "clients.md"
PAGE = 100
PLAIN = "nothing of these"
_WORST_FIRST = ("no", "wrong", "NaN", "yes")


def kinds_of(resource: Resource) -> list[str]:
    """The rows of the table that a structure belongs to."""
    attributes = resource["attributes"]
    lattice, lacks = attributes["lattice_vectors"], attributes.get
    found = {
        "atoms that are unknown": "X" in (attributes["elements"] or ()),
        "sites with several elements or vacancies": "disorder" in attributes["structure_features"],
        "no periodic direction": lattice is not None and any(None in row for row in lattice),
        "no `lattice_vectors`": lattice is None,
        "no `dimension_types`": lacks("dimension_types") is None,
        "no `cartesian_site_positions`": lacks("cartesian_site_positions") is None,
        "no `species_at_sites`": lacks("species_at_sites") is None,
        "no `species`": lacks("species") is None,
    }
    return [kind for kind, there in found.items() if there] or [PLAIN]


def read_table() -> Table:
    """What the documentation says of each kind: the outcomes that each client may have."""
    rows = read_page(TABLE).under(HEADING)
    columns = [cell.replace("`", "").split(", ") for cell in _head()]
    return {
        kind: {
            client: tuple(words.split(" or "))
            for clients, words in zip(columns, outcomes, strict=True)
            for client in clients
        }
        for kind, _, *outcomes in (row.cells for row in rows)
    }


def documented_counts() -> Mapping[str, int]:
    """How many structures of each kind the demo has, as documented."""
    return {row[0]: int(row[1].replace(",", "")) for row in read_page(TABLE).under(HEADING)}


def _head() -> list[str]:
    text = TABLE.read_text(encoding="utf-8").partition(f"# {HEADING}\n")[2]
    line = next(line for line in text.splitlines() if line.startswith("|"))
    return [cell.strip() for cell in line.strip("|").split("|")][2:]


def differences_in(resource: Resource, table: Table) -> Iterator[tuple[str, str]]:
    """Clients that make something else of a structure than the table says, and what they make."""
    kinds = kinds_of(resource)
    for client in CLIENTS:
        outcome, answer = outcome_of(client, resource)
        allowed = {words for kind in kinds for words in table[kind][client]}
        sure = [table[kind][client][0] for kind in kinds if len(table[kind][client]) == 1]
        worst = min(sure, key=_WORST_FIRST.index, default="yes")
        if outcome not in allowed or _WORST_FIRST.index(outcome) > _WORST_FIRST.index(worst):
            yield client, f"{outcome} ({answer}), being {', '.join(kinds)}"


def read_all(url: str, filter_: str | None = None) -> Iterator[Resource]:
    """Every structure of the server that matches, by its links."""
    query = {"page_limit": str(PAGE)} | ({"filter": filter_} if filter_ else {})
    following = str(httpx.URL(f"{url.rstrip('/')}/v1/structures", params=query))
    with httpx.Client(timeout=60) as client:
        while following:
            document = client.get(following).raise_for_status().json()
            yield from document["data"]
            following = document["links"].get("next")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints how many structures there are of each kind, and whatever is not as documented."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="base URL, without /v1")
    parser.add_argument("--filter", help="an OPTIMADE filter; without it, every structure")
    options = parser.parse_args(arguments)
    table, counts, wrong = read_table(), Counter[str](), 0
    made: dict[str, Counter[str]] = defaultdict(Counter)
    for resource in read_all(options.url, options.filter):
        counts.update(kinds_of(resource))
        answer = [*faults_in(resource), *map(": ".join, differences_in(resource, table))]
        wrong += len(answer)
        for one in answer:
            print(resource["id"], one)
        for client in CLIENTS:
            made[client][outcome_of(client, resource)[0]] += 1
    print(*(f"{number:6}  {kind}" for kind, number in counts.most_common()), sep="\n")
    print(*(f"{client:16} {dict(words)}" for client, words in made.items()), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
