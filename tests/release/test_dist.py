"""The wheel and the source archive are the same each time, wherever they are built."""

import os
import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.setup.locks import PROJECT, ROOT

pytestmark = pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")
_NOT_BUILT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "dist", "site", "node_modules", ".*_cache", ".hypothesis"
)


def built(folder: Path, *, umask: int, date: float) -> dict[str, bytes]:
    """The files that `make dist` makes of a copy whose files have that age and these rights."""
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=_NOT_BUILT, symlinks=True)
    for path in copy.rglob("*"):
        path.chmod((0o777 if path.is_dir() or os.access(path, os.X_OK) else 0o666) & ~umask)
        os.utime(path, (date, date))
    command = [sys.executable, "-m", "hatchling", "build"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, umask=umask)
    return {path.name: path.read_bytes() for path in (copy / "dist").iterdir()}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return built(tmp_path_factory.mktemp("once"), umask=0o022, date=1_700_000_000)


def test_reproducible(once: dict[str, bytes], tmp_path: Path) -> None:
    """Two builds are equal byte for byte, with another folder, date and umask."""
    again = built(tmp_path, umask=0o077, date=1_800_000_000)
    assert sorted(again) == sorted(once)
    assert len(once) == 2
    for name, content in once.items():
        assert again[name] == content, name


def test_wheel_holds_the_licences(once: dict[str, bytes], tmp_path: Path) -> None:
    """Our licence, and what is known of the others'."""
    (name,) = (name for name in once if name.endswith(".whl"))
    (tmp_path / name).write_bytes(once[name])
    with ZipFile(tmp_path / name) as wheel:
        names = wheel.namelist()
    assert "gateway/THIRD-PARTY.md" in names
    assert any(one.endswith("dist-info/licenses/LICENSE") for one in names)
    assert not [one for one in names if one.startswith("tests")]


def test_source_archive_is_whole(once: dict[str, bytes], tmp_path: Path) -> None:
    """All that contributors read at the root is in it, besides what pyproject.toml leaves out."""
    (name,) = (name for name in once if name.endswith(".tar.gz"))
    (tmp_path / name).write_bytes(once[name])
    with tarfile.open(tmp_path / name) as archive:
        names = {one.split("/")[1] for one in archive.getnames() if "/" in one}
    kept = {path.name for path in ROOT.glob("*.md")} | {"CITATION.cff", ".github", "pyproject.toml"}
    assert kept <= names
    assert {
        one.strip("/")
        for one in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
        if "*" not in one
    } <= names
