"""`make lock` ends here: notes what each locked distribution requires, for `test_locks`.

Read from what is installed; what is locked for other Pythons alone is downloaded.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from email import message_from_bytes
from importlib.metadata import PackageMetadata as Metadata
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from zipfile import ZipFile

from tests.setup.locks import LOCKS, METADATA, ROOT, Needs, Pin, digest_of, read_lock, read_metadata

_OWN_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")  # not that of what it carries along
PYTHONS = ("3.14", "3.13", "3.12", "3.11")


def main() -> None:
    """Write the file anew."""
    known, _ = read_metadata() if METADATA.exists() else ({}, {})
    pins = {
        pin.key: pin
        for lock in LOCKS.values()
        for pin in read_lock((ROOT / lock).read_text("utf-8"))
    }
    needs = {key: _needs(pins[key], known) for key in sorted(pins)}
    document = {
        "locks": {lock: digest_of(lock) for lock in LOCKS.values()},
        "distributions": {
            key: {"python": one.python, "requirements": list(one.requirements)}
            for key, one in needs.items()
        },
    }
    METADATA.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _needs(pin: Pin, known: Mapping[str, Needs]) -> Needs:
    try:
        installed = distribution(pin.name)
        if installed.version == pin.version:
            return _read(installed.metadata)
    except PackageNotFoundError:
        pass
    return known.get(pin.key) or _downloaded(pin)


def _downloaded(pin: Pin) -> Needs:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    for python in PYTHONS:
        with TemporaryDirectory() as folder:
            options = ["--only-binary=:all:", "--python-version", python, "--dest", folder]
            if subprocess.run([*pip, *options, pin.key], stderr=subprocess.DEVNULL).returncode:
                continue
            (wheel,) = Path(folder).glob("*.whl")
            with ZipFile(wheel) as content:
                (name,) = (one for one in content.namelist() if _OWN_METADATA.fullmatch(one))
                return _read(cast(Metadata, message_from_bytes(content.read(name))))
    raise LookupError(f"there is no wheel of {pin.key}")


def _read(metadata: Metadata) -> Needs:
    requirements = metadata.get_all("Requires-Dist") or ()
    return Needs(metadata["Requires-Python"] or "", tuple(sorted(requirements)))


if __name__ == "__main__":
    main()
