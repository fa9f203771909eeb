"""docs/explanation/house.md shows the imports of today."""

from tests.docs.make_house import PAGE, drawn, graph_of, reduced


def test_diagrams_are_current() -> None:
    """The diagrams are what their script makes; if not, `python -m tests.docs.make_house`."""
    text = PAGE.read_text("utf-8")
    assert drawn(text) == text


def test_steps_do_not_know_each_other() -> None:
    """The steps stand beside each other, and `search` above them."""
    graph = graph_of("gateway")
    steps = {"plan", "fetch", "merge", "shape"}
    assert steps <= graph["search"]
    for step in steps:
        assert not graph[step] & steps


def test_reduced() -> None:
    """An arrow that follows from others is left out."""
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert reduced(graph) == {"a": {"b"}, "b": {"c"}, "c": set()}
