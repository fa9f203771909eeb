"""Each page of docs/ has the form that a reader relies on."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, read_page

PAGES = sorted(DOCS.rglob("*.md"))
READERS = (
    "administrators", "contributors", "every reader", "everybody", "maintainers", "operators",
    "programmers", "researchers",
)  # fmt: skip
ALIKE = 120
"""Characters; a sentence as long as that stands on one page, and others link to it."""


def named(path: Path) -> str:
    return str(path.relative_to(DOCS))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_first_sentence(path: Path) -> None:
    """Below the title a sentence says whom the page is for, and what it gives them."""
    title, first, *_ = path.read_text("utf-8").split("\n\n")
    assert re.fullmatch(r"# \S.*", title)
    assert first.startswith("For ")
    assert any(reader in re.split(r"[:.]", first)[0] for reader in READERS), first
    assert first.endswith((".", ":"))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_headings(path: Path) -> None:
    """One title; below it no level is left out."""
    levels = [len(one) for one in re.findall(r"^(#+) ", without_code(path), re.MULTILINE)]
    assert levels.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


def test_no_sentence_twice() -> None:
    """What one page says, others link to."""
    places: dict[str, set[str]] = {}
    for path in PAGES:
        for sentence in re.split(r"(?<=[.:])\s+|\n\n|\|", without_code(path)):
            if len(words := " ".join(sentence.split())) > ALIKE:
                places.setdefault(words, set()).add(named(path))
    assert not {words: pages for words, pages in places.items() if len(pages) > 1}


def test_glossary() -> None:
    """It is in alphabetical order, and explains each word once."""
    words = [row[0].lower() for row in read_page("glossary.md").rows]
    assert words == sorted(set(words))


def without_code(path: Path) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
