"""What was built from what: an in-toto statement with SLSA's provenance, for the files in dist/.

    PYTHONPATH=src python -m tests.release.provenance > dist/provenance.json

It names the commit, the locks and the command, so that anybody can build the same files again and
compare. It is worth what its signature is worth: see docs/how-to/release.md.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from gateway.model import Json, JsonObject
from tests.setup.locks import LOCKS, PROJECT, ROOT, digest_of

DIST = ROOT / "dist"
BUILT = ("*.whl", "*.tar.gz", "*.cdx.json")
"""What a release consists of."""
_NAME = PROJECT["project"]["name"]


def main() -> None:
    """Print the statement."""
    files = sorted(path for pattern in BUILT for path in DIST.glob(pattern))
    if not files:
        raise SystemExit("dist/ holds nothing: run `make dist sbom` first")
    print(json.dumps(statement(files, commit=_commit()), indent=1))


def statement(files: Iterable[Path], *, commit: str) -> JsonObject:
    """The statement for these files, built from that commit."""
    inputs: list[Json] = [{"name": _NAME, "digest": {"gitCommit": commit}}]
    inputs += [
        {"name": LOCKS[name], "digest": {"sha256": digest_of(LOCKS[name])}}
        for name in ("", "build")
    ]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": path.name, "digest": _digest(path)} for path in files],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"urn:{_NAME}:make-dist",
                "externalParameters": {"command": "make dist sbom"},
                "resolvedDependencies": inputs,
            },
            "runDetails": {"builder": {"id": f"urn:{_NAME}:maintainer"}},
        },
    }


def _digest(path: Path) -> Mapping[str, str]:
    return {"sha256": sha256(path.read_bytes()).hexdigest()}


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    if subprocess.run([*git, "status", "--porcelain"], capture_output=True, check=True).stdout:
        raise SystemExit("there are changes that are in no commit: commit them first")
    done = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, check=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
