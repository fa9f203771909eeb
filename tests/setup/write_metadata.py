"""`make lock` ends here: notes what each locked distribution requires, for `test_locks`.

Read from what is installed; what is locked for other Pythons alone is downloaded.
"""

import json
from collections.abc import Mapping
from importlib.metadata import PackageMetadata as Metadata

from tests.setup.distributions import downloaded_metadata, installed_metadata
from tests.setup.locks import LOCKS, METADATA, ROOT, Needs, Pin, digest_of, read_lock, read_metadata


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
    if metadata := installed_metadata(pin):
        return _read(metadata)
    return known.get(pin.key) or _read(downloaded_metadata(pin))


def _read(metadata: Metadata) -> Needs:
    requirements = metadata.get_all("Requires-Dist") or ()
    return Needs(metadata["Requires-Python"] or "", tuple(sorted(requirements)))


if __name__ == "__main__":
    main()
