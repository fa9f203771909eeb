"""The statement of provenance names what was built, and from what."""

from hashlib import sha256
from pathlib import Path

from tests.release.provenance import statement
from tests.setup.locks import digest_of


def test_statement(tmp_path: Path) -> None:
    """Each file by its digest; the commit, the runtime lock and the lock of the build."""
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    reported = statement([wheel], commit="c0ffee")
    digest = sha256(b"wheel").hexdigest()
    assert reported["subject"] == [{"name": wheel.name, "digest": {"sha256": digest}}]
    project, *locks = reported["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert project["digest"] == {"gitCommit": "c0ffee"}
    assert {one["name"]: one["digest"]["sha256"] for one in locks} == {
        name: digest_of(name) for name in ("requirements.lock", "requirements-build.lock")
    }
