"""The files that pages load: our own from `static/`, other people's from `vendor/`.

In: nothing but the package. Out: each file by its path, and one digest over all of them, which is
part of every address, so that browsers may keep a file for ever.
"""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PAGE = Path(__file__).parent
_FOLDERS = ("static", "vendor")
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
"""By suffix; a file without one is a licence or a notice."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that is served as it lies."""

    path: str
    """As it stands in addresses: `static/page.css`, `vendor/3dmol/LICENSE`."""
    file: Path
    media_type: str

    def read(self) -> bytes:
        """What the file holds."""
        return self.file.read_bytes()


@functools.cache
def assets() -> Mapping[str, Asset]:
    """All files by their paths; nothing else in the package is served."""
    found = (file for folder in _FOLDERS for file in sorted((_PAGE / folder).rglob("*")))
    listed = (_asset(file) for file in found if file.is_file() and file.suffix in MEDIA_TYPES)
    return {asset.path: asset for asset in listed}


@functools.cache
def assets_digest() -> str:
    """Twelve letters that change whenever one of the files does."""
    digest = hashlib.sha256()
    for path, asset in assets().items():
        digest.update(f"{path}\0{hashlib.sha256(asset.read()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def assets_path() -> str:
    """Where all files are, from the root of the server: `assets/<digest>`, no slash at the end."""
    return f"assets/{assets_digest()}"


def _asset(file: Path) -> Asset:
    path = file.relative_to(_PAGE).as_posix()
    return Asset(path, file, MEDIA_TYPES[file.suffix])
