"""Text -> lexemes: the words, operators and values of a filter, spaces dropped, values decoded.

What is no lexeme at all ends the list as one of type `STRAY`, so that the parser meets it in its
place and knows what should have been there.
"""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import ClassVar

from lark.lexer import TerminalDef

from gateway.errors import NotImplementedFilterError
from gateway.parse.tree import Boolean, Constant, Number, Operand, Property, String

SPACES = " \t\n\r\v\f"
STRAY = "STRAY"
# Tried first; no other terminal begins as they do.
_OFTEN = ("PROPERTY", "CONSTANT")
_ESCAPED = re.compile(r"\\(.)")


class Lexeme:
    """One token: `type` is the grammar's name for it, `value` the word or what it stands for."""

    __slots__ = ("type", "value")

    # lark copies these from the last token to its mark of the end; places are found when needed.
    start_pos: ClassVar[None] = None
    line: ClassVar[None] = None
    column: ClassVar[None] = None
    end_line: ClassVar[None] = None
    end_column: ClassVar[None] = None
    end_pos: ClassVar[None] = None

    def __init__(self, kind: str, value: str | Operand) -> None:
        self.type = kind
        self.value = value


class Splitter:
    """Splits text by the terminals of the grammar."""

    def __init__(self, terminals: Iterable[TerminalDef]) -> None:
        often_first = sorted(terminals, key=lambda t: t.name not in _OFTEN)
        patterns = [f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in often_first]
        patterns.append(f"(?P<{STRAY}>.)")
        self._pattern = re.compile(f"(?:{'|'.join(patterns)})[{SPACES}]*", re.DOTALL)
        self._words: dict[str, Lexeme] = {}

    def split(self, text: str) -> list[Lexeme]:
        """All lexemes of the text, up to the first stray character."""
        lexemes: list[Lexeme] = []
        words = self._words
        for match in self._pattern.finditer(text, _first(text)):
            lexeme = words.get(match[match.lastindex or 0]) or self._read(match)
            lexemes.append(lexeme)
            if lexeme.type == STRAY:
                break
        return lexemes

    def place(self, text: str, index: int) -> tuple[int, str]:
        """Where the lexeme of that index starts and how it is written; past the last, the end."""
        match = next(islice(self._pattern.finditer(text, _first(text)), index, None), None)
        if match is None:
            return len(text.rstrip(SPACES)), ""
        return match.start(), match[match.lastindex or 0]

    def _read(self, match: re.Match[str]) -> Lexeme:
        kind, text, column = str(match.lastgroup), match[match.lastindex or 0], match.start() + 1
        match kind:
            case "PROPERTY":
                return Lexeme(kind, Property(_path(text), column))
            case "CONSTANT":
                return Lexeme(kind, _constant(text, column))
            case "BOOLEAN":
                return Lexeme(kind, Boolean(text == "TRUE", column))
            case _:
                lexeme = Lexeme(kind, text)
                if kind != STRAY:
                    self._words[text] = lexeme
                return lexeme


def _first(text: str) -> int:
    return len(text) - len(text.lstrip(SPACES))


def _path(text: str) -> tuple[str, ...]:
    if "." not in text:
        return (text,)
    return tuple(part.strip(SPACES) for part in text.split("."))


def _constant(text: str, column: int) -> Constant:
    if text[0] != '"':
        return Number(_number(text, column), column)
    inner = text[1:-1]
    if "\\" in inner:
        inner = _ESCAPED.sub(r"\1", inner)
    return String(inner, column)


def _number(text: str, column: int) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise NotImplementedFilterError(
            f"The number at column {column} is out of range: this server reads numbers with "
            "exponents from -999999999999999999 to 999999999999999999.",
            column=column,
        ) from error
