"""Secrets: read from the environment or from a file, never from the configuration itself."""

import os
from pathlib import Path


def read_secret(*, variable: str | None, file: str | None) -> str | None:
    """The secret in that environment variable or file; None: neither is named."""
    if variable is not None:
        if variable not in os.environ:
            raise ValueError(f"the environment variable {variable} is not set")
        return _not_empty(os.environ[variable], f"the environment variable {variable}")
    if file is not None:
        return _not_empty(_content(file), f"the file {file!r}")
    return None


def _content(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        why = error.strerror or error
        raise ValueError(f"the token file {file!r} cannot be read: {why}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"the token file {file!r} is not text (byte {error.start})") from error


def _not_empty(text: str, place: str) -> str:
    secret = text.strip()
    if not secret:
        raise ValueError(f"{place} holds no token")
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise ValueError(f"{place} holds something that cannot be a bearer token")
    return secret
