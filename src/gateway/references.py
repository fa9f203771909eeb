"""What a reference is: the DOI of a dataset, or a text among an entry's `references`.

Its id holds all of it, so it is the same at every site, and relationships need no look-up.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import quote

Kind: TypeAlias = Literal["doi", "ref"]

DATASETS, TEXTS = "datasets.doi", "references"
QUANTITIES: dict[Kind, str] = {"doi": DATASETS, "ref": TEXTS}
"""Where NOMAD keeps the references of each kind."""

DOI_PREFIXES = (
    "",
    "doi:",
    "https://doi.org/",
    "http://doi.org/",
    "https://dx.doi.org/",
    "http://dx.doi.org/",
)
DOI_START = "10."
"""A text is taken for a DOI when it begins with one of the prefixes and this."""

LONGEST = 8_191
"""NOMAD does not index longer texts (UTF-16 units); they count as no references."""

REMEMBERED_LENGTH = 500
"""Characters of a text that is remembered beyond its request: sites must not fill the memory."""

_ID = re.compile(r"(doi|ref)\.((?:[A-Za-z0-9.-]|_[0-9A-F]{2})+)")
_ESCAPED = re.compile(r"_([0-9A-F]{2})")
_ESCAPED_BYTE = [
    chr(byte) if re.match(rb"[A-Za-z0-9.-]", bytes((byte,))) else f"_{byte:02X}"
    for byte in range(256)
]
_URL = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?::[0-9]{1,4})?(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})*)?"
)
_IN_PATHS = "/:;@!$&'()*+,=-._~"


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: a dataset's DOI (`doi`) or a text that entries refer to (`ref`)."""

    kind: Kind
    value: str

    @property
    def id(self) -> str:
        """The OPTIMADE id: kind, full stop, value; what URLs could not hold as _XX of UTF-8."""
        write = _remembered_id if len(self.value) <= REMEMBERED_LENGTH else _written_id
        return write(self.kind, self.value)

    @property
    def doi(self) -> str | None:
        """The DOI as registered, without any prefix; None: it is no DOI."""
        return self.value if self.kind == "doi" else doi_in(self.value)

    @property
    def url(self) -> str | None:
        """The address of what is referred to; None: it has none."""
        if self.kind == "ref" and _URL.fullmatch(self.value):
            return self.value
        doi = self.doi
        return None if doi is None else f"https://doi.org/{quote(doi, safe=_IN_PATHS)}"

    @property
    def note(self) -> str | None:
        """The text itself, where it is neither DOI nor address; DOIs have an address."""
        return self.value if self.url is None else None


def _written_id(kind: Kind, value: str) -> str:
    return f"{kind}.{''.join([_ESCAPED_BYTE[byte] for byte in value.encode()])}"


_remembered_id = lru_cache(maxsize=4096)(_written_id)


def is_indexed(value: str) -> bool:
    """Whether a text can be a reference: it says something and NOMAD's index holds it."""
    return 0 < len(value) <= LONGEST and len(value.encode("utf-16-le")) <= 2 * LONGEST


def read_reference_id(text: str) -> Reference | None:
    """The reference of that id; None: no reference has it."""
    found = _ID.fullmatch(text)
    if found is None:
        return None
    raw = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found[2]).encode("latin-1")
    try:
        value = raw.decode()
    except UnicodeDecodeError:
        return None
    reference = Reference("doi" if found[1] == "doi" else "ref", value)
    return reference if is_indexed(value) and reference.id == text else None


def doi_in(text: str) -> str | None:
    """The DOI that a text is, after one of the known prefixes; None: it is none."""
    for prefix in DOI_PREFIXES:
        if text.startswith(prefix + DOI_START):
            return text.removeprefix(prefix)
    return None


def references_with_doi(doi: str) -> tuple[Reference, ...]:
    """All references, whether any entry has them or not, whose DOI is this one."""
    texts = DOI_PREFIXES if doi.startswith(DOI_START) else ()
    every = (Reference("doi", doi), *(Reference("ref", prefix + doi) for prefix in texts))
    return tuple(one for one in every if is_indexed(one.value))
