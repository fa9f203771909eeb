"""What is told of known weaknesses, and of the lock's age where nobody can be asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.release.audit import OLD_DAYS, age_days, known_weaknesses, read_answer, verdict

ANSWER = (
    '{"dependencies": [{"name": "a", "version": "1.0", "vulns": [{"id": "PYSEC-1"}]},'
    ' {"name": "b", "version": "2.0", "vulns": []}, {"name": "c", "skip_reason": "not found"}]}'
)


@pytest.mark.parametrize(
    ("known", "age", "code", "reported"),
    [
        ({}, OLD_DAYS + 1, 0, "no weakness"),
        ({"a==1.0": ["PYSEC-1", "CVE-2"]}, 0, 1, "a==1.0: PYSEC-1, CVE-2"),
        (None, OLD_DAYS, 0, f"{OLD_DAYS} days old"),
        (None, OLD_DAYS + 1, 2, "more than"),
        (None, None, 2, "not known"),
    ],
)
def test_verdict(known: dict | None, age: int | None, code: int, reported: str) -> None:
    """What is known counts; the age counts only where nothing is."""
    found, sentence = verdict(known, age)
    assert found == code
    assert reported in sentence


def test_read_answer() -> None:
    """Packages with weaknesses, and no others."""
    assert read_answer(ANSWER) == {"a==1.0": ["PYSEC-1"]}


def program(folder: Path, body: str) -> str:
    """A program in pip-audit's place; it is called with a lock and the file for its answer."""
    path = folder / "pip-audit"
    path.write_text(f"#!{sys.executable}\nimport sys\nargs = sys.argv[1:]\n{body}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "known"),
    [
        (f"open(args[-1], 'w').write('''{ANSWER}'''); sys.exit(1)", {"a==1.0": ["PYSEC-1"]}),
        ("open(args[-1], 'w').write('{\"dependencies\": []}')", {}),
        ("sys.exit(1)", None),
        ("open(args[-1], 'w').write('not JSON')", None),
    ],
)
def test_asked(body: str, known: dict | None, tmp_path: Path) -> None:
    """A program without an answer has reached nobody, whatever its exit code."""
    path = program(tmp_path, body)
    assert known_weaknesses(lambda _: path) == known


def test_not_there() -> None:
    assert known_weaknesses(lambda _: None) is None


def test_age(tmp_path: Path) -> None:
    """Whole days since the commit that last changed the file."""
    assert age_days(tmp_path / "lock", now=0) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "lock").write_text("a==1.0")
    subprocess.run([*git, "init", "--quiet"], check=True)
    assert age_days(tmp_path / "lock", now=0) is None
    subprocess.run([*git, "add", "lock"], check=True)
    environment = {"GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z", "PATH": "/usr/bin:/bin"}
    subprocess.run([*git, "commit", "--quiet", "-m", "lock"], check=True, env=environment)
    day = 1767225600 + 2 * 86_400 + 5
    assert age_days(tmp_path / "lock", now=day) == 2
