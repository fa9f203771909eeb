"""What a locked distribution says of itself: from where it is installed, else from its wheel."""

import re
import subprocess
import sys
from email import message_from_bytes
from importlib.metadata import PackageMetadata as Metadata
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from zipfile import ZipFile

from tests.setup.locks import Pin

PYTHONS = ("3.14", "3.13", "3.12", "3.11")
_OWN_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")  # not that of what it carries along


def installed_metadata(pin: Pin) -> Metadata | None:
    """The metadata of this very version; None: it is not installed here."""
    try:
        installed = distribution(pin.name)
    except PackageNotFoundError:
        return None
    return installed.metadata if installed.version == pin.version else None


def downloaded_metadata(pin: Pin) -> Metadata:
    """The same from the wheel, for what is locked for other Pythons or systems alone."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    for python in PYTHONS:
        with TemporaryDirectory() as folder:
            options = ["--only-binary=:all:", "--python-version", python, "--dest", folder]
            if subprocess.run([*pip, *options, pin.key], stderr=subprocess.DEVNULL).returncode:
                continue
            (wheel,) = Path(folder).glob("*.whl")
            with ZipFile(wheel) as content:
                (name,) = (one for one in content.namelist() if _OWN_METADATA.fullmatch(one))
                return cast(Metadata, message_from_bytes(content.read(name)))
    raise LookupError(f"there is no wheel of {pin.key}")
