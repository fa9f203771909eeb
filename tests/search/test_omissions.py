"""What remains of a filter without one of its conditions."""

import pytest

from gateway.model import SearchRequest
from gateway.parse import read_filter
from gateway.search.omissions import MOST, Remainder, remainders


def test_no_filter():
    """Nothing can be left out of nothing."""
    assert remainders(None) == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nsites=3", [("nsites = 3", "")]),
        ("nsites = 3 OR nsites = 4", [("nsites = 3 OR nsites = 4", "")]),
        ("NOT (nsites = 3 AND type)", [("NOT (nsites = 3 AND type)", "")]),
        ("nsites = 3 AND type", [("nsites = 3", "type"), ("type", "nsites = 3")]),
        (
            '((nelements<2 AND "a"=id) AND (nsites = 3 OR type))',
            [
                ("nelements < 2", 'id = "a" AND (nsites = 3 OR type)'),
                ('id = "a"', "nelements < 2 AND (nsites = 3 OR type)"),
                ("nsites = 3 OR type", 'nelements < 2 AND id = "a"'),
            ],
        ),
        (
            "type AND (nsites = 3 OR nsites = 4)",
            [("type", "nsites = 3 OR nsites = 4"), ("nsites = 3 OR nsites = 4", "type")],
        ),
    ],
)
def test_each_condition(text, parts):
    """Conditions stand between the outermost ANDs, whatever the parentheses; they are written as
    people write them, and what is written is read again."""
    found = remainders(read_filter(text))
    assert [(one.condition, one.filter) for one in found] == parts
    for one in found:
        read_filter(one.condition)
        assert not one.filter or read_filter(one.filter)


def test_at_most_so_many():
    """Further conditions stay in every remainder."""
    text = " AND ".join(f"nsites > {n}" for n in range(20))
    found = remainders(read_filter(text))
    assert [one.condition for one in found] == [f"nsites > {n}" for n in range(MOST)]
    assert all(one.filter.count("AND") == 18 for one in found)


def test_request():
    """The remainder is asked of the same sites, by the same caller, from the beginning."""
    whole = SearchRequest(
        "structures", filter="x", sort=(("nsites", True),), cursor="c", offset=5, token="t",
        sites=("berlin",), include=("references",), timeout_s=2.0, entered=1.0, fresh=True,
    )  # fmt: skip
    request = Remainder("x", "").request(whole)
    assert request == SearchRequest(
        "structures", page_limit=1, response_fields=(), token="t",
        sites=("berlin",), timeout_s=2.0, entered=1.0, fresh=True,
    )  # fmt: skip
