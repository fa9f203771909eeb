"""Entries of any server as bytes: what is malformed in them costs that entry alone."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.commands.researching import FORMATS
from gateway.cli.query.formats import Ending, Unwritten, joined_meta, writer_for
from gateway.cli.query.question import Question, fields_for, query_string
from tests.cli.plain_server import entry

GOOD = entry(0)["attributes"]
assert isinstance(GOOD, Mapping)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
def test_malformed(form: str, data: st.DataObject) -> None:
    """No entry raises: it is written, or told of as one that cannot be."""
    wrong = data.draw(st.dictionaries(st.sampled_from(sorted(GOOD)), JSON, max_size=3))
    one = {"type": "structures", "id": data.draw(JSON), "attributes": {**GOOD, **wrong}}
    one["relationships"] = data.draw(JSON)
    unwritten = Unwritten()
    writer = writer_for(Question("", form=form), ("nsites", "references"), unwritten)
    assert writer.page([one]) or unwritten.count == 1


def test_document() -> None:
    """An empty result is a document, too."""
    writer = writer_for(Question("", form="json"), None, Unwritten())
    ending = Ending(0, is_whole=True, query="a=1", meta={"request_delay": 1, "data_returned": 0})
    text = writer.begin() + writer.page([]) + writer.end(ending)
    reported = json.loads(text)
    assert reported["data"] == []
    assert reported["meta"]["query"] == {"representation": "/structures?a=1"}
    assert "request_delay" not in reported["meta"]


def test_control_characters() -> None:
    """A table does not pass on what would steer a terminal."""
    one = {"id": "a\x1b[2J", "attributes": {"x": "b\rc"}}
    text = writer_for(Question(""), ("x",), Unwritten()).page([one]).decode()
    assert text.splitlines()[1] == "a\ufffd[2J  b\ufffdc"


def test_counts_of_sites_add_up() -> None:
    """Each page says what it has of a site; the document says how much all of them had."""
    first = {"_fed_sites": [{"name": "a", "returned": 2}, {"name": "b", "returned": 1}], "x": 1}
    second = {"_fed_sites": [{"name": "a", "returned": 3}, {"name": "c", "returned": 1}], "x": 2}
    assert joined_meta(first, second) == {
        "_fed_sites": [{"name": "a", "returned": 5}, {"name": "c", "returned": 1}],
        "x": 2,
    }


def test_fields() -> None:
    """Other servers are asked for the standard's properties alone; json for all that they give."""
    own = fields_for(Question("", form="csv"), prefix="fed", is_gateway=True)
    plain = fields_for(Question("", form="csv"), prefix="x", is_gateway=False)
    assert own is not None
    assert plain is not None
    assert "_fed_site" in own
    assert not [name for name in plain if name.startswith("_")]
    assert fields_for(Question("", form="json"), prefix="fed", is_gateway=True) is None
    chosen = Question("", fields="a, b,a", form="csv")
    assert fields_for(chosen, prefix="x", is_gateway=False) == ("a", "b")


def test_page_size() -> None:
    """No more is asked for than is wanted."""
    asked = query_string(Question("", limit=3), prefix="x", is_gateway=False)
    assert asked.startswith("page_limit=3&response_fields=")
