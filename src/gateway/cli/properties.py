"""`gateway properties`: what a structure can be asked for, searched by name and description."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

from gateway.cli.explain import DEMO_PREFIX
from gateway.cli.query.source import Source, opened
from gateway.cli.tables import printable, write_json, write_table
from gateway.errors import GatewayError
from gateway.model import STRUCTURES, JsonObject
from gateway.properties import nearest_names
from gateway.serve.info.definitions import read_definitions

_RETRIES = 2
_NO_UNIT = ("dimensionless", "inapplicable", "")
_LINKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")

Filtered = Literal["yes", "in part", "no", "unknown"]
_FILTERED: Mapping[object, Filtered] = {
    "all mandatory": "yes",
    "all optional": "yes",
    "equality only": "in part",
    "partial": "in part",
    "none": "no",
}


@dataclass(frozen=True, slots=True)
class PropertyLine:
    """One property, as people choose among them."""

    name: str
    type: str
    unit: str | None
    filter: Filtered
    """Whether filters may compare it."""
    sort: bool | None
    """Whether results can be in its order; None: the server does not say."""
    description: str


@dataclass(frozen=True, slots=True)
class Properties:
    """All properties of a server's structures."""

    every: tuple[PropertyLine, ...]

    def search(self, word: str) -> tuple[PropertyLine, ...]:
        """Those with this word in name or description, names first; all for an empty one."""
        wanted = word.lower()
        exact = [one for one in self.every if one.name.lower() == wanted]
        if exact:
            return tuple(exact)
        written = wanted.replace(" ", "_")
        named = [one for one in self.every if written in one.name.lower()]
        described = [one for one in self.every if wanted in one.description.lower()]
        return tuple(dict.fromkeys((*named, *described)))


async def find_properties(source: Source) -> Properties:
    """Those of a server, or of a gateway with that configuration; no site is asked."""
    if source.url is None:
        prefix = source.config.provider.prefix if source.config else DEMO_PREFIX
        definitions = read_definitions(STRUCTURES, prefix=prefix)
        return Properties(tuple(_line(name, one) for name, one in definitions.items()))
    async with opened(source, retries=_RETRIES) as server:
        path = "info/structures" + ("?response_fields=id" if server.is_gateway else "")
        document = await server.document(f"{server.base}/{path}")
    data = document.get("data")
    listed = data.get("properties") if isinstance(data, dict) else None
    if not isinstance(listed, dict):
        raise GatewayError(f"{server.base}/info/structures lists no properties.")
    return Properties(
        tuple(_line(name, one) for name, one in listed.items() if isinstance(one, dict))
    )


def properties_text(found: Sequence[PropertyLine], word: str) -> str:
    """A table; of one property that was named, its whole description."""
    heads = ("property", "type", "unit", "filter", "sort", "description")
    rows = [
        (one.name, one.type, one.unit, one.filter, _yes(one.sort), _sentence(one.description))
        for one in found
    ]
    table = write_table(heads, rows)
    if len(found) == 1 and found[0].name.lower() == word.lower():
        description = "\n".join(map(printable, found[0].description.splitlines()))
        return f"{table}\n\n{description}"
    return f"{table}\n{len(found)} {'property' if len(found) == 1 else 'properties'}"


def properties_json(found: Sequence[PropertyLine]) -> str:
    """A list with an object per property."""
    return write_json([asdict(one) for one in found])


def nothing_found(word: str, every: Properties) -> str:
    """The sentence for a word that no property has, with the nearest names."""
    names = {one.name: None for one in every.every}
    words = {part for name in names for part in name.split("_") if part}
    near = nearest_names(word, names) or get_close_matches(word.lower(), words, n=3)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"no property has {word!r} in its name or description.{meant}"


def _line(name: str, definition: JsonObject) -> PropertyLine:
    implementation = definition.get("x-optimade-implementation")
    support = implementation.get("query-support") if isinstance(implementation, dict) else None
    sortable = definition.get("sortable")
    unit = _unit(definition)
    return PropertyLine(
        name,
        _type(definition),
        None if unit in _NO_UNIT else unit,
        _FILTERED.get(support, "unknown"),
        sortable if isinstance(sortable, bool) else None,
        _LINKED.sub(r"\1", str(definition.get("description") or "")).strip(),
    )


def _unit(definition: JsonObject) -> str:
    """That of the number, or of the numbers in a list."""
    items = definition.get("items")
    if isinstance(items, dict):
        return _unit(items)
    return str(definition.get("x-optimade-unit") or definition.get("unit") or "")


def _type(definition: JsonObject) -> str:
    named = definition.get("x-optimade-type") or definition.get("type")
    return str(named[0] if isinstance(named, list) and named else named or "unknown")


def _sentence(text: str) -> str:
    """Its first one, on one line."""
    line = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<=\.)\s", line, maxsplit=1)[0]


def _yes(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"
