"""Where the parser stopped -> FilterSyntaxError: column, what was found, what was expected."""

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from gateway.errors import FilterSyntaxError
from gateway.parse.hints import Stop, hint
from gateway.parse.lexemes import SPACES, STRAY, Lexeme, Splitter

_VALUE = {"PROPERTY", "CONSTANT", "BOOLEAN"}
_COMPARING = {"EQUALITY", "RELATION"}
_FUZZY = {"CONTAINS", "STARTS", "ENDS"}
_WORDS = ("WITH", "ALL", "ANY", "ONLY", "KNOWN", "UNKNOWN", "HAS")

# What goes by one name; a set stands before those it contains.
_NAMES: tuple[tuple[set[str], tuple[str, ...]], ...] = (
    (_VALUE | {"NOT", "OPEN"}, ("a property", "a value", "'NOT'", "'('")),
    (_VALUE | {"OPEN"}, ("a property", "a value", "'('")),
    (_VALUE, ("a value",)),
    ({"PROPERTY", "CONSTANT"}, ("a string", "a number", "a property")),
    ({"PROPERTY"}, ("a property",)),
    (
        _COMPARING | _FUZZY | {"IS", "HAS", "LENGTH", "COLON"},
        ("an operator (<, <=, =, !=, >, >=, HAS, LENGTH, CONTAINS, STARTS, ENDS, IS)",),
    ),
    (_COMPARING | _FUZZY, ("an operator (<, <=, =, !=, >, >=, CONTAINS, STARTS, ENDS)",)),
    (_COMPARING, ("an operator (<, <=, =, !=, >, >=)",)),
    ({"EQUALITY"}, ("an operator (=, !=)",)),
    *(({word}, (f"'{word}'",)) for word in _WORDS),
    ({"COLON"}, ("':'",)),
    ({"COMMA"}, ("','",)),
    ({"AND"}, ("'AND'",)),
    ({"OR"}, ("'OR'",)),
    ({"CLOSE"}, ("')'",)),
    ({"$END"}, ("the end of the filter",)),
)
_STRAY_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|&&|\|\||.", re.DOTALL)
# As STRING in the grammar, without its end.
_STRING_START = re.compile(
    r'"[^"\\\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]*'
    r'(?:\\["\\][^"\\\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]*)*'
)
_LONGEST = 30


def complaint(
    text: str,
    lexemes: Sequence[Lexeme],
    *,
    index: int,
    accepted: AbstractSet[str],
    splitter: Splitter,
) -> FilterSyntaxError:
    """The error for a text whose lexeme at `index` is refused; past the last, it ends too soon."""
    start, word = splitter.place(text, index)
    kind = lexemes[index].type if index < len(lexemes) else "$END"
    if kind == STRAY:
        if word == '"':
            return _broken_string(text, start)
        word = _matched(_STRAY_WORD, text, start)
    opened = _opened(lexemes[:index])
    stop = Stop(
        word=word,
        kind=kind,
        before=lexemes[index - 1] if index else None,
        joined=start > 0 and text[start - 1] not in SPACES,
        accepted=accepted,
        opened=splitter.place(text, opened)[0] + 1 if opened is not None else 0,
    )
    advice = hint(stop)
    found = _found(kind, word) + (f" ({advice})" if advice else "")
    return FilterSyntaxError(text, column=start + 1, found=found, expected=_expected(accepted))


def _matched(pattern: re.Pattern[str], text: str, start: int) -> str:
    match = pattern.match(text, start)
    return match[0] if match else ""


def _opened(lexemes: Sequence[Lexeme]) -> int | None:
    """The index of the innermost parenthesis that is still open."""
    indices: list[int] = []
    for index, lexeme in enumerate(lexemes):
        if lexeme.type == "OPEN":
            indices.append(index)
        elif lexeme.type == "CLOSE":
            indices.pop()
    return indices[-1] if indices else None


def _found(kind: str, word: str) -> str:
    match kind:
        case "$END":
            return "the end of the filter"
        case "CONSTANT":
            sort = "string" if word.startswith('"') else "number"
            return f"the {sort} {_short(word)}"
        case "STRAY" if word == "'":
            return "a single quote"
        case "STRAY" if not word.isascii() or not word.isprintable():
            return _character(word)
        case _:
            return f"'{_short(word)}'"


def _short(word: str) -> str:
    shown = "".join(char if char.isprintable() else " " for char in word[:_LONGEST])
    return shown + ("…" if len(word) > _LONGEST else "")


def _character(char: str) -> str:
    """A character that may not be visible, with its code point and name."""
    code = f"U+{ord(char):04X} {unicodedata.name(char, '').lower()}".rstrip()
    if char.isprintable():
        return f"'{char}', {code}"
    if "\ud800" <= char <= "\udfff":
        return f"half of a surrogate pair, {code}"
    return f"the character {code}"


def _expected(accepted: AbstractSet[str]) -> tuple[str, ...]:
    left = set(accepted)
    words: list[str] = []
    for names, spoken in _NAMES:
        if names <= left:
            words += spoken
            left -= names
    return tuple(words)


def _broken_string(text: str, start: int) -> FilterSyntaxError:
    """The error for a string that is not closed or holds what no string may."""
    place = start + len(_matched(_STRING_START, text, start))
    if place == len(text):
        place, expected = start, "a closing double quote"
        advice = ' (its last \\" is part of it)' if text.endswith('\\"') else ""
        found = f"a string that does not end{advice}"
    elif text[place] == "\\":
        found, expected = f"'{_short(text[place : place + 2])}' in a string", '\\" or \\\\'
    else:
        found, expected = f"{_character(text[place])} in a string", "visible text or space"
    return FilterSyntaxError(text, column=place + 1, found=found, expected=(expected,))
