"""A version is made from what is unreleased: changelog, version, citation.

    PYTHONPATH=src python -m tests.release.cut 0.2.0 [--date 2027-01-31]
    PYTHONPATH=src python -m tests.release.cut --notes 0.2.0

The first writes the files and commits nothing; the second prints what changed with a version.
"""

import re
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.release.changelog import ChangelogError, cut, notes_of
from tests.setup.locks import ROOT

CHANGELOG, SOURCE, CITATION = "CHANGELOG.md", "src/gateway/__init__.py", "CITATION.cff"
_PLACES = {
    SOURCE: (r'(?m)^__version__ = ".*"$', '__version__ = "{version}"'),
    CITATION: (
        r"(?m)^version: .*(\ndate-released: .*)?$",
        "version: {version}\ndate-released: {date}",
    ),
}
"""Where the version stands besides the changelog: what is found, and what takes its place."""


def main() -> None:
    """Read the command line, and do what it says."""
    parser = ArgumentParser(description=__doc__, prog="python -m tests.release.cut")
    parser.add_argument("version")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat())
    parser.add_argument("--notes", action="store_true")
    asked = parser.parse_args()
    try:
        if asked.notes:
            print(notes_of((ROOT / CHANGELOG).read_text("utf-8"), asked.version))
            return
        for path, text in released(ROOT, asked.version, asked.date).items():
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    except ChangelogError as error:
        parser.error(str(error))


def released(root: Path, version: str, date: str) -> Mapping[Path, str]:
    """The text of each file that names the version, after the release."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ChangelogError(f"{version} is no version: write three numbers, such as 0.2.0")
    texts = {root / CHANGELOG: cut((root / CHANGELOG).read_text("utf-8"), version, date)}
    for name, (pattern, line) in _PLACES.items():
        text, count = re.subn(
            pattern, line.format(version=version, date=date), (root / name).read_text("utf-8")
        )
        assert count == 1, name
        texts[root / name] = text
    return texts


if __name__ == "__main__":
    main()
