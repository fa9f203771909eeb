"""CHANGELOG.md in the form of keepachangelog.com: read, checked, and cut for a release. Pure.

In: the text. Out: its sections, newest first; the text with what was unreleased under a version.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import Version

UNRELEASED = "Unreleased"
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_SECTION = re.compile(r"## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?")


class ChangelogError(ValueError):
    """What is wrong with the changelog, or with what is asked of it."""


@dataclass(frozen=True, slots=True)
class Section:
    """What changed with one version."""

    version: str
    date: str | None
    """None: not released."""
    body: str


def read_changelog(text: str) -> tuple[Section, ...]:
    """The sections, the newest first; an error names the line that has another form."""
    sections = tuple(_sections(text))
    released = [section for section in sections if section.version != UNRELEASED]
    if not sections or sections[0].version != UNRELEASED:
        raise ChangelogError(f"the first section is not `## [{UNRELEASED}]`")
    for one in released:
        if one.date is None:
            raise ChangelogError(f"`## [{one.version}]` has no date: write ` - YYYY-MM-DD` behind")
    versions = [Version(one.version) for one in released]
    if versions != sorted(set(versions), reverse=True):
        raise ChangelogError("the versions do not fall from the first to the last")
    return sections


def notes_of(text: str, version: str) -> str:
    """What a release says of itself."""
    for section in read_changelog(text):
        if section.version == version:
            return section.body
    raise ChangelogError(f"there is no section `## [{version}]`")


def cut(text: str, version: str, date: str) -> str:
    """The text in which what was unreleased is this version's; a new, empty section is above."""
    sections = read_changelog(text)
    if not sections[0].body:
        raise ChangelogError(f"nothing stands under `## [{UNRELEASED}]`")
    if len(sections) > 1 and Version(version) <= Version(sections[1].version):
        raise ChangelogError(f"{version} is not above {sections[1].version}")
    heading = f"## [{UNRELEASED}]"
    return text.replace(heading, f"{heading}\n\n## [{version}] - {date}", 1)


def _sections(text: str) -> Iterator[Section]:
    head, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    if not head.startswith("# "):
        raise ChangelogError("the first line is no heading")
    for part in parts:
        heading, _, body = part.partition("\n")
        found = _SECTION.fullmatch(heading.rstrip())
        if not found:
            raise ChangelogError(f"`{heading}` is neither `## [x.y.z] - YYYY-MM-DD` nor unreleased")
        for kind in re.findall(r"^### (.*)$", body, re.MULTILINE):
            if kind not in KINDS:
                raise ChangelogError(f"`### {kind}` is none of {', '.join(KINDS)}")
        yield Section(found[1], found[2], body.strip())
