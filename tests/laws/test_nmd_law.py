"""Filters over `_nmd_` properties select exactly the entries that match them as served."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.demo import create_demo_oasis
from gateway.errors import NotImplementedFilterError
from gateway.model import Entry as Held
from gateway.model import Site
from gateway.parse import read_filter
from gateway.plan import translate
from gateway.properties import STRUCTURE, structures_catalogue
from gateway.shape import index_fields, shape_structure
from tests.laws.evaluator import Entry, evaluate
from tests.laws.in_process import InProcess
from tests.laws.nmd import nmd_values, prepared, served
from tests.laws.nmd_filters import NmdFilterMaker, names_of_nomad
from tests.laws.oasis import Oasis
from tests.laws.odd_nmd import make_lines

BASE = "http://demo/nomad-oasis/api/v1"
SOURCES = [("odd", "2.0.0"), ("odd", "1.3.17"), ("munich", "2.0.0")]
CATALOGUE = structures_catalogue("fed")
NAMES = names_of_nomad()


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo Oasis of one version and the entries in it."""

    site: str
    version: str
    client: httpx.Client
    oasis: Oasis
    entries: list[Entry]

    def documents(self, fields: list[str]) -> list[dict[str, Any]]:
        body = {
            "owner": "public",
            "query": STRUCTURE,
            "pagination": {"page_size": 10_000},
            "required": {"include": fields},
        }
        answer = self.client.post("/entries/query", json=body)
        assert answer.status_code == 200, answer.text
        return cast(list[dict[str, Any]], answer.json()["data"])


@pytest.fixture(scope="module", params=SOURCES, ids=lambda source: "-".join(source))
def demo(request: pytest.FixtureRequest) -> Iterator[Demo]:
    name, version = request.param
    source = make_lines(Random(5), 150, version=version) if name == "odd" else name
    app = create_demo_oasis(source, version=version)
    with httpx.Client(transport=InProcess(app), base_url=BASE) as client:
        oasis = Oasis(client)
        made = Demo(name, version, client, oasis, oasis.structures(name))
        documents = {one["entry_id"]: one for one in made.documents(["*"])}
        made.entries[:] = [
            {**one, **nmd_values(documents[cast(str, one["immutable_id"])], version=version)}
            for one in made.entries
        ]
        yield made


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(random=st.randoms(use_true_random=True))  # seeded by hypothesis; wide filters draw a lot
def test_native_answer_is_what_the_filter_says(demo: Demo, random: Random) -> None:
    """Random filters over all properties and operators; what is refused with 501 proves nothing."""
    text = str(NmdFilterMaker(random, demo.entries).filter())
    try:
        query = translate(text, site=demo.site, version=demo.version)
    except NotImplementedFilterError:
        return
    tree = prepared(read_filter(text))
    expected = {str(e["immutable_id"]) for e in demo.entries if evaluate(tree, e) is True}
    assert demo.oasis.ids(query) == expected, text


def test_values_are_served_as_they_are_compared(demo: Demo) -> None:
    """Read from what alone is asked of the index, every property has the value of its document."""
    expected = {str(one["immutable_id"]): one for one in demo.entries}
    site = Site(demo.site, BASE, "")
    for document in demo.documents(list(index_fields(NAMES, CATALOGUE))):
        held = Held(demo.site, document["entry_id"], document)
        resource, notices = shape_structure(
            held, fields=NAMES, catalogue=CATALOGUE, prefix="fed", site=site
        )
        assert not notices
        wanted = expected[document["entry_id"]]
        assert resource.attributes == {name: served(wanted.get(name)) for name in NAMES}
