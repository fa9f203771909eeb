"""docs/assets/diagrams/ shows the imports of today, and each picture is that of its text."""

import re
from pathlib import Path

import pytest

from tests.docs.imports import graph_of, reduced
from tests.docs.make_diagrams import FOLDER, HOUSE, dot_of, is_current, picture_of, sources
from tests.docs.pages import DOCS, PAGES, read_page

PICTURES = sorted(path.resolve() for path in FOLDER.glob("*.svg"))
NARROWEST = 900
"""Pixels; a wider picture has letters too small to read on the page."""


@pytest.mark.parametrize("folder", HOUSE)
def test_imports_are_current(folder: str) -> None:
    """The text is what the source says; if not, `python -m tests.docs.make_diagrams`."""
    path = FOLDER / f"{HOUSE[folder]}.dot"
    assert path.read_text("utf-8") == dot_of(reduced(graph_of(folder)))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_picture_is_current(path: Path) -> None:
    """The picture was drawn from its text; if not, `python -m tests.docs.make_diagrams`."""
    assert is_current(path)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_picture_stands_alone(path: Path) -> None:
    """It loads and runs nothing, is not too wide, and can be made smaller."""
    svg = path.read_text("utf-8")
    addresses = re.findall(r"\w+://[^\"' ]+", svg)
    assert {one.partition("://")[2] for one in addresses} <= {
        "www.w3.org/2000/svg",
        "www.w3.org/1999/xlink",
    }
    assert "<script" not in svg
    assert "viewBox" in svg
    (width,) = re.findall(r'<svg width="(\d+)"', svg)
    assert int(width) <= NARROWEST


def test_each_picture_is_shown() -> None:
    """Each has its text, and a page that shows it; no page needs a program to draw."""
    assert {picture_of(path).resolve() for path in sources()} == set(PICTURES)
    shown = {
        (path.parent / link).resolve()
        for path in PAGES
        for link in read_page(path).links
        if link.endswith(".svg")
    }
    assert shown == set(PICTURES)
    assert not [page for page in DOCS.rglob("*.md") if read_page(page).in_language("mermaid")]


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
