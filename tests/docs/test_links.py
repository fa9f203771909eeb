"""Every link of the documentation leads somewhere, and every page can be found."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from markdown.extensions.toc import slugify  # type: ignore[import-untyped]  # it has no types

from tests.docs.pages import DOCS, PAGES, ROOT, code_of, read_page

NAV = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_relative_links(path: Path) -> None:
    """A relative link leads to a file that is there, and to a heading of it."""
    for link in read_page(path).links:
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        page = (path.parent / target).resolve() if target else path
        assert page.is_file(), link
        if anchor:
            slugs = {slugify(heading.replace("`", ""), "-") for heading in read_page(page).headings}
            assert anchor in slugs, link


def test_navigation() -> None:
    """The navigation names every page, and no other."""
    assert sorted(leaves(NAV)) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_paths(path: Path) -> None:
    """A path of this project that a page names is there."""
    for word in code_of(read_page(path).prose):
        if word.startswith(("src/", "config/", "deploy/", "docs/", "tests/")) and " " not in word:
            assert (ROOT / word.rstrip("*")).exists(), word


def leaves(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for inner in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from leaves(inner)
