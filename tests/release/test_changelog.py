"""A release can be cut from CHANGELOG.md."""

import re

import pytest
import yaml

import gateway
from tests.release.changelog import ChangelogError, cut, notes_of, read_changelog
from tests.release.cut import CHANGELOG, CITATION, SOURCE, released
from tests.setup.locks import ROOT

OURS = (ROOT / CHANGELOG).read_text("utf-8")
HEAD = "# Changes\n\nWhat is new.\n\n"
TWO = f"{HEAD}## [Unreleased]\n\n### Added\n\n- b\n\n## [0.1.0] - 2026-12-01\n\n- a\n"


def test_ours_can_be_read() -> None:
    """Ours has the form, and something to release or a version that was."""
    sections = read_changelog(OURS)
    assert any(section.body for section in sections)


def test_versions_agree() -> None:
    """The citation names the version that the code has, and the changelog once it is out."""
    assert yaml.safe_load((ROOT / CITATION).read_text("utf-8"))["version"] == gateway.__version__
    versions = [section.version for section in read_changelog(OURS)]
    assert versions[1:2] in ([], [gateway.__version__])


def test_released_files() -> None:
    """After the cut all files name the version, and the changelog can still be read and cut."""
    texts = {
        str(path.relative_to(ROOT)): text
        for path, text in released(ROOT, "99.0.0", "2027-01-31").items()
    }
    assert texts.keys() == {CHANGELOG, SOURCE, CITATION}
    assert '\n__version__ = "99.0.0"\n' in texts[SOURCE]
    citation = yaml.safe_load(texts[CITATION])
    assert citation["version"] == "99.0.0"
    assert str(citation["date-released"]) == "2027-01-31"
    assert notes_of(texts[CHANGELOG], "99.0.0") == read_changelog(OURS)[0].body
    with pytest.raises(ChangelogError, match="nothing stands"):
        cut(texts[CHANGELOG], "99.1.0", "2027-02-28")


def test_cut() -> None:
    """What was unreleased is the version's; what was released stays."""
    assert cut(TWO, "0.2.0", "2027-01-31") == (
        f"{HEAD}## [Unreleased]\n\n## [0.2.0] - 2027-01-31\n\n### Added\n\n- b\n\n"
        "## [0.1.0] - 2026-12-01\n\n- a\n"
    )
    assert notes_of(TWO, "0.1.0") == "- a"


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9"])
def test_versions_rise(version: str) -> None:
    """A version is above the one before."""
    with pytest.raises(ChangelogError, match=re.escape("not above 0.1.0")):
        cut(TWO, version, "2027-01-31")


@pytest.mark.parametrize("version", ["1", "0.2", "v0.2.0", "0.2.0-rc1"])
def test_three_numbers(version: str) -> None:
    with pytest.raises(ChangelogError, match="three numbers"):
        released(ROOT, version, "2027-01-31")


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("", "no heading"),
        (HEAD, "first section"),
        (f"{HEAD}## [0.1.0] - 2026-12-01\n- a\n", "first section"),
        (f"{HEAD}## 0.1.0 (not released yet)\n- a\n", "neither"),
        (f"{HEAD}## [Unreleased]\n## [0.1.0]\n- a\n", "no date"),
        (f"{HEAD}## [Unreleased]\n### News\n- a\n", "### News"),
        (f"{TWO}## [0.2.0] - 2026-01-01\n", "do not fall"),
    ],
)
def test_other_forms(text: str, reported: str) -> None:
    """The error says what has another form."""
    with pytest.raises(ChangelogError, match=reported):
        read_changelog(text)


def test_unknown_version() -> None:
    with pytest.raises(ChangelogError, match=re.escape("[9.9.9]")):
        notes_of(TWO, "9.9.9")
