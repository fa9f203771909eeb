"""The condition that goes along with a query: right for NOMAD's limits, short where it can be."""

from gateway.search.copies import Exclusion, excluding, exclusion_query
from gateway.search.copies.exclusion import MANY, MOST

QUERY = {"quantities": "metadata.optimade"}


def ids(count: int, letter: str = "u") -> tuple[str, ...]:
    return tuple(f"{letter}{n:06}" for n in range(count))


def test_whole_uploads() -> None:
    """They are left out by their ids, on the same level as the query's own conditions."""
    excluded = exclusion_query(Exclusion(("u1", "u2")))
    assert excluded == {"not": {"upload_id:any": ["u1", "u2"]}}
    assert excluding({"and": [QUERY, {"a": 1}]}, excluded) == {"and": [QUERY, {"a": 1}, excluded]}
    assert excluding(QUERY, excluded) == {"and": [QUERY, excluded]}
    assert excluding({}, excluded) == excluded


def test_all_but_some_entries() -> None:
    """What the owner lacks is asked for all the same."""
    assert exclusion_query(Exclusion(("u1",), ("e1", "e2"))) == {
        "or": [{"not": {"upload_id": "u1"}}, {"entry_id:any": ["e1", "e2"]}]
    }


def test_long_lists_are_cut() -> None:
    """NOMAD 1.3 takes about a thousand values at a time."""
    query = exclusion_query(Exclusion(ids(2_500)))
    assert query is not None
    lengths = [len(one["upload_id:any"]) for one in query["not"]["or"]]  # type: ignore[index,call-overload,union-attr]
    assert lengths == [1_000, 1_000, 500]


def test_what_is_left_is_named_where_it_is_shorter() -> None:
    """But only where the list is long: a new upload is then not found before the next look."""
    every = ids(MANY + 5)
    few, many = Exclusion(every[:10]), Exclusion(every[2:])
    assert exclusion_query(few, uploads=every[:11]) == {"not": {"upload_id:any": list(every[:10])}}
    assert exclusion_query(many, uploads=every) == {"upload_id:any": list(every[:2])}
    assert "not" in str(exclusion_query(many, uploads=()))


def test_too_many_values() -> None:
    """Above 65,536 NOMAD refuses a query: those copies are listed, with a warning."""
    assert exclusion_query(Exclusion(ids(MOST + 1))) is None
    assert exclusion_query(Exclusion(ids(MOST))) is not None
    assert exclusion_query(Exclusion(ids(10), ids(MOST, "e"))) is None
