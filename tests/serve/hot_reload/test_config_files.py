"""What makes a configuration, and when it has changed."""

import os
from itertools import pairwise
from pathlib import Path

import certifi
import pytest

from gateway.serve.hot_reload.config_files import files_of, stamps_of
from tests.serve.conftest import make_config


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path]:
    """A configuration's file, and a token and certificates that it names."""
    contents = {
        "gateway.yaml": "a",
        "token": "t",
        "ca.pem": Path(certifi.where()).read_text("utf-8"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, "utf-8")
    return {name: tmp_path / name for name in contents}


def files(paths: dict[str, Path]) -> frozenset[Path]:
    site = {
        "name": "berlin",
        "url": "https://berlin.example/api/v1",
        "token_file": str(paths["token"]),
        "ca_file": str(paths["ca.pem"]),
    }
    return files_of(paths["gateway.yaml"], make_config(sites=[site]))


def test_all_files_that_a_configuration_is_read_from(paths: dict[str, Path]) -> None:
    """The file itself, tokens and certificates; none where it comes from the environment."""
    assert files(paths) == frozenset(paths.values())
    assert files_of(None, make_config()) == frozenset()


@pytest.mark.parametrize("name", ["gateway.yaml", "token", "ca.pem"])
def test_each_kind_of_change_is_seen(paths: dict[str, Path], name: str) -> None:
    """Written in place; another file put there with the same time, as `mv` and Kubernetes do;
    removed; there again."""
    changed, all_ = paths[name], files(paths)
    seen = [stamps_of(all_)]
    assert stamps_of(all_) == seen[0]
    before = changed.stat()
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    seen.append(stamps_of(all_))
    other = changed.with_suffix(".new")
    other.write_text("other", "utf-8")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    other.replace(changed)
    seen.append(stamps_of(all_))
    changed.unlink()
    seen.append(stamps_of(all_))
    assert seen[-1][changed] is None
    changed.write_text("again", "utf-8")
    seen.append(stamps_of(all_))
    assert all(one != other for one, other in pairwise(seen))
