"""A word that is none of a property's -> those that may have been meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from gateway.catalogue.element_names import ISOTOPES, SYMBOL_OF
from gateway.catalogue.space_groups import space_group_spelling
from gateway.plan.notices.compositions import tokens
from gateway.properties import ELEMENT_SYMBOLS

MOST = 3
_MEANINGS: Mapping[str, str] = {
    **SYMBOL_OF,
    **{symbol.lower(): element for symbol, element in ISOTOPES.items()},
    **dict.fromkeys(("pbe", "pbesol", "pw91", "blyp", "rpbe"), "GGA"),
    **dict.fromkeys(("hse", "hse03", "hse06", "pbe0", "b3lyp"), "hybrid"),
    **dict.fromkeys(("scan", "r2scan", "tpss"), "meta-GGA"),
    "rhombohedral": "trigonal", "fcc": "cF", "bcc": "cI", "hcp": "hP", "3d": "bulk",
}  # fmt: skip
"""Words in lower case and those that say the same here."""
_BETWEEN = re.compile(r"[\s,;/&+-]+")
_SYMBOLS = {symbol.lower(): symbol for symbol in ELEMENT_SYMBOLS}
_SPACES = re.compile(r"[\s_]")
_NO_WORD = re.compile(r"[\W_]")
# `P 1 21/c 1` is the full symbol of `P 21/c`: it names the axis.
_FULL_SYMBOL = re.compile(r"([a-z])1([^1].*)1")


def words_like(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words that differ in case, spaces or signs alone, or else are spelt alike."""
    same = [word for word in words if _bare(word) == _bare(text)]
    if same or not _bare(text):
        return tuple(same[:MOST])
    meant = _MEANINGS.get(_bare(text), "")
    if meant in words:
        return (meant,)
    longer = [word for word in words if len(text) > 2 and text.casefold() in word.casefold()]
    if longer:
        return tuple(longer[:MOST])
    lower: dict[str, str] = {}
    for word in words:
        lower.setdefault(word.lower(), word)
    close = get_close_matches(text.lower(), list(lower), n=MOST, cutoff=0.7)
    return tuple(lower[word] for word in close)


def starts_like(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """Beginnings of words that differ from the text in case alone."""
    lower, size = text.lower(), len(text)
    found = [word[:size] for word in words if word[:size].lower() == lower]
    return tuple(dict.fromkeys(found))[:MOST]


def elements_in(text: str) -> tuple[str, ...]:
    """Two or more chemical symbols in one text, such as `Ti-O` or `TiO2`; empty: it is none."""
    pieces = [piece for piece in _BETWEEN.split(text.strip()) if piece]
    if len(pieces) < 2:
        pieces = [symbol for symbol, _ in tokens(text) or ()]
    symbols = [_SYMBOLS.get(piece.lower(), "") for piece in pieces]
    return tuple(dict.fromkeys(symbols)) if len(symbols) > 1 and all(symbols) else ()


def symbols_like(text: str, *, spaced: bool) -> tuple[str, ...]:
    """Symbols of space groups, as OPTIMADE (`spaced`) or NOMAD spells them, that say the same."""
    found = _symbols(spaced)
    key = _key(text.partition(":")[0])  # `R-3m:H` names the axes, too
    full = _FULL_SYMBOL.fullmatch(key)
    keys = [key, *([full[1] + full[2]] if full else []), _unsigned(key)]
    return next((found[one][:MOST] for one in keys if one in found), ())


def _bare(word: str) -> str:
    return _NO_WORD.sub("", word).casefold()


def _key(symbol: str) -> str:
    return _SPACES.sub("", symbol).lower()


def _unsigned(key: str) -> str:
    """`Fm3m` is what `Fm-3m` was called."""
    return key.replace("-", "")


@lru_cache(maxsize=2)
def _symbols(spaced: bool) -> Mapping[str, tuple[str, ...]]:
    """By what is left of a symbol without spaces, and then without signs."""
    spelt = space_group_spelling()
    pairs = [(_key(nomad), optimade if spaced else nomad) for optimade, nomad in spelt.items()]
    exact = _grouped(pairs)
    return _grouped((_unsigned(key), symbol) for key, symbol in pairs) | exact


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for key, symbol in pairs:
        groups[key] = (*groups.get(key, ()), symbol)
    return groups
