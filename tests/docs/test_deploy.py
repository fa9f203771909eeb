"""What installs takes what is locked and nothing else; deploy/ says what is there."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, read_page

DEPLOY = ROOT / "deploy"


INSTALLING = [
    (path, line)
    for path in (ROOT / "Makefile", ROOT / ".ci/set-up", DEPLOY / "Dockerfile", *PAGES)
    for line in path.read_text("utf-8").splitlines()
    if re.search(r"\bpip\b.* install .*(\.lock|\"\$lock\"| \.$|dist/)|^(PIP|LOCKED) :=", line)
]


@pytest.mark.parametrize(("path", "line"), INSTALLING, ids=str)
def test_nothing_is_resolved(path: Path, line: str) -> None:
    """Whatever installs from a lock or from here takes what is named and nothing else."""
    assert "--no-deps" in line or "$(PIP)" in line
    if "lock" in line.lower():
        assert "--require-hashes" in line
    else:
        assert "--no-build-isolation" in line or "dist/" in line


def test_something_is_installed() -> None:
    """The lines are found where they are."""
    found = {path.relative_to(ROOT).as_posix() for path, _ in INSTALLING}
    assert found == {"Makefile", ".ci/set-up", "deploy/Dockerfile", "docs/how-to/deploy.md"}


@pytest.mark.parametrize("page", [page for page in PAGES if DEPLOY in page.parents], ids=str)
def test_readme_of_folder(page: Path) -> None:
    """The README of a folder names each file and folder there."""
    documented = {row[0].strip("`").rstrip("/") for row in read_page(page).under("What is here")}
    assert documented == {path.name for path in page.parent.iterdir()} - {"README.md"}
