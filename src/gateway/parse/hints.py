"""Common mistakes in filters -> what to write instead: one table, the first row that fits."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product

from lark import Token

STRAY = "STRAY"
"""The type of text that is no token of the language."""
END = "$END"


@dataclass(frozen=True, slots=True)
class Stop:
    """Where reading stopped: the word at fault and what stands around it.

    `kind` is its token's type, STRAY or END; `joined` says that no space stands before it; `opened`
    is the column of the innermost parenthesis still open, 0 if none is.
    """

    word: str
    kind: str
    before: Token | None
    joined: bool
    accepted: AbstractSet[str]
    opened: int

    @property
    def starts_comparison(self) -> bool:
        """Whether a comparison could stand here."""
        return {"NOT", "OPEN"} & self.accepted != set()

    @property
    def follows_value(self) -> bool:
        """Whether a constant or a property stands before."""
        return self.before is not None and self.before.type in ("PROPERTY", "CONSTANT", "BOOLEAN")


def hint(stop: Stop) -> str:
    """What to write instead; nothing where the mistake is none of the common ones."""
    advice = next((row.advice for row in _HINTS if row.fits(stop)), "")
    return advice.format(
        word=stop.word, lower=stop.word.lower(), upper=stop.word.upper(), stop=stop
    )


def value_hint(word: str, op: str) -> str:
    """What to write instead of a word that stands where a value should, after an operator: it was
    read as a property, as words in lower case are."""
    accepted = {"CONSTANT", "BOOLEAN"} if op in ("=", "!=") else {"CONSTANT"}
    before = Token("RELATION", op)
    return hint(Stop(word, STRAY, before, joined=False, accepted=accepted, opened=0))


@dataclass(frozen=True, slots=True)
class _Hint:
    """Advice, and when it is given. Empty `found` and `before` fit everything."""

    advice: str
    found: tuple[str, ...] = ()
    """Types of the token at fault, or words."""
    before: tuple[str, ...] = ()
    """Types of the token before it, or words."""
    when: Callable[[Stop], bool] = bool

    def fits(self, stop: Stop) -> bool:
        if self.found and stop.word not in self.found and stop.kind not in self.found:
            return False
        before = stop.before
        if self.before and (before is None or not {before.rstrip(), before.type} & {*self.before}):
            return False
        return self.when(stop)


def _expects(terminal: str) -> Callable[[Stop], bool]:
    return lambda stop: terminal in stop.accepted


def _is_keyword_in_lower_case(stop: Stop) -> bool:
    word = stop.word.upper()
    is_boolean = word in ("TRUE", "FALSE") and "BOOLEAN" in stop.accepted
    return stop.kind in ("PROPERTY", STRAY) and (word in stop.accepted or is_boolean)


def _starts_with_letter(stop: Stop) -> bool:
    return stop.kind == STRAY and stop.word[0].isalpha()


def _ends_a_name(stop: Stop) -> bool:
    follows_name = stop.before is not None and stop.before.type == "PROPERTY"
    return _starts_with_letter(stop) and stop.joined and follows_name


def _is_name_with_capitals(stop: Stop) -> bool:
    return _starts_with_letter(stop) and stop.starts_comparison and not stop.word.isupper()


def _is_unquoted(stop: Stop) -> bool:
    is_value = "CONSTANT" in stop.accepted and not stop.starts_comparison
    return _starts_with_letter(stop) and is_value


def _touches_a_string(stop: Stop) -> bool:
    return stop.joined and stop.before is not None and stop.before.startswith('"')


def _pairs(advice: str, *pairs: tuple[str, str]) -> Iterable[_Hint]:
    return (_Hint(advice, (found,), (before,)) for before, found in pairs)


_OPERANDS = ("PROPERTY", "CONSTANT", "BOOLEAN", "RELATION", "EQUALITY", STRAY)
_NULLS = ("NULL", "null", "Null", "None", "none")

_HINTS = (
    *_pairs("equality is a single '='", ("=", "=")),
    *_pairs("not equal is '!='", ("!=", "="), ("=", "!"), ("<", ">")),
    *_pairs("less or equal is '<='", ("=", "<")),
    *_pairs("greater or equal is '>='", ("=", ">")),
    *_pairs("a second NOT needs parentheses: NOT (NOT ..)", ("NOT", "NOT")),
    *_pairs("write IS KNOWN or IS UNKNOWN", ("IS", "NOT")),
    *_pairs("write IS UNKNOWN", *product(("IS", "="), _NULLS)),
    *_pairs("write IS KNOWN", *product(("!=",), _NULLS)),
    _Hint("write NOT", ("!",), when=lambda stop: stop.starts_comparison),
    _Hint("not equal is '!='", ("!",)),
    _Hint("a name stands on both sides of a dot", (".",), ("PROPERTY",)),
    _Hint("'+' is a space only in URLs", ("+",), when=lambda stop: stop.follows_value),
    _Hint("write AND", ("&", "&&")),
    _Hint("write OR", ("|", "||")),
    _Hint('strings need double quotes, as in "Si"', ("'", "`", "‘", "’")),  # slips
    _Hint('strings need plain double quotes, as in "Si"', tuple("“”„«»")),
    _Hint("values and lists stand without brackets", tuple("[]{}")),
    _Hint("is the filter percent-encoded twice?", ("%",)),
    _Hint("the parenthesis at column {stop.opened} is not closed", (END,), when=_expects("CLOSE")),
    _Hint("no parenthesis is open", ("CLOSE",), when=lambda stop: not stop.opened),
    _Hint("values and lists stand without parentheses", ("OPEN",), when=_expects("CONSTANT")),
    _Hint("words of the language are in capitals: {upper}", when=_is_keyword_in_lower_case),
    _Hint("words of the language are in capitals: NOT", ("PROPERTY",), ("not",)),
    *(
        _Hint(f"words of the language are in capitals: {word.upper()}", _OPERANDS, (word,))
        for word in ("all", "any", "only", "with")
    ),
    _Hint(
        "alternatives are joined by OR: a = 1 OR a = 2; items of lists follow HAS ANY",
        ("IN", "In", "in"),
        when=_expects("EQUALITY"),
    ),
    _Hint(
        "a range is two comparisons: a >= 1 AND a <= 3",
        ("BETWEEN", "Between", "between"),
        when=_expects("EQUALITY"),
    ),
    _Hint(
        "parts of texts follow CONTAINS, STARTS WITH or ENDS WITH, items of lists HAS",
        ("LIKE", "Like", "like", "ILIKE", "ilike", "MATCHES", "matches", "~"),
        when=_expects("EQUALITY"),
    ),
    _Hint(
        "two comparisons are joined by AND: a > 1 AND a < 3",
        ("EQUALITY", "RELATION"),
        when=lambda stop: stop.follows_value and "AND" in stop.accepted,
    ),
    _Hint(
        "is there a double quote too many or too few before it?",
        ("PROPERTY", "CONSTANT", STRAY),
        ("CONSTANT",),
        when=_touches_a_string,
    ),
    _Hint(
        "outside of strings there are only ASCII letters",
        when=lambda stop: _starts_with_letter(stop) and not stop.word.isascii(),
    ),
    _Hint("names of properties are in lower case", when=_ends_a_name),
    _Hint("names of properties are in lower case: {lower}", when=_is_name_with_capitals),
    _Hint('strings need double quotes: "{word}"', when=_is_unquoted),
    _Hint("not a word of the filter language", when=_starts_with_letter),
    _Hint(
        "lists follow HAS ALL, HAS ANY or HAS ONLY",
        ("COMMA",),
        when=lambda stop: stop.follows_value,
    ),
    _Hint(
        "values are joined by ':' only where properties are: a:b HAS 1:2",
        ("COLON",),
        when=lambda stop: stop.follows_value,
    ),
    _Hint("TRUE and FALSE have no order", ("BOOLEAN",), when=_expects("CONSTANT")),
    _Hint("write IS {word}", ("KNOWN", "UNKNOWN"), when=_expects("IS")),
    _Hint("conditions in parentheses cannot be compared", ("EQUALITY", "RELATION"), ("CLOSE",)),
    _Hint(
        "a property stands before {word}",
        ("HAS", "LENGTH", "CONTAINS", "STARTS", "ENDS", "IS"),
        when=lambda stop: stop.starts_comparison or stop.follows_value,
    ),
)
