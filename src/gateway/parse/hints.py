"""Common mistakes in filters -> what to write instead."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gateway.parse.lexemes import STRAY, Lexeme
from gateway.parse.tree import Property, String


@dataclass(frozen=True, slots=True)
class Stop:
    """Where reading stopped: the word at fault and what stands around it.

    `kind` is its lexeme's type, `$END` at the end; `joined` says that no space stands before it;
    `opened` is the column of the innermost parenthesis still open, 0 if none is.
    """

    word: str
    kind: str
    before: Lexeme | None
    joined: bool
    accepted: AbstractSet[str]
    opened: int

    @property
    def starts_comparison(self) -> bool:
        """A comparison could stand here."""
        return {"NOT", "OPEN"} & self.accepted != set()

    @property
    def follows_value(self) -> bool:
        """A constant or a property stands before."""
        return self.before is not None and not isinstance(self.before.value, str)


def hint(stop: Stop) -> str:
    """What to write instead; nothing where the mistake is none of the common ones."""
    return next((advice for rule in _RULES if (advice := rule(stop))), "")


_QUOTES = 'strings need double quotes, as in "Si"'
_SIGNS = {
    "&": "write AND",
    "&&": "write AND",
    "|": "write OR",
    "||": "write OR",
    **dict.fromkeys("'`‘’", _QUOTES),
    **dict.fromkeys("“”„«»", 'strings need plain double quotes, as in "Si"'),
    **dict.fromkeys("[]{}", "values and lists stand without brackets"),
    "%": "is the filter percent-encoded twice?",
}
_PAIRS = {
    ("=", "="): "equality is a single '='",
    ("!=", "="): "not equal is '!='",
    ("=", "!"): "not equal is '!='",
    ("<", ">"): "not equal is '!='",
    ("=", "<"): "less or equal is '<='",
    ("=", ">"): "greater or equal is '>='",
    ("NOT", "NOT"): "a second NOT needs parentheses: NOT (NOT ..)",
    ("IS", "NOT"): "write IS KNOWN or IS UNKNOWN",
    ("IS", "NULL"): "write IS UNKNOWN",
    ("=", "NULL"): "write IS UNKNOWN",
    ("!=", "NULL"): "write IS KNOWN",
}


def _sign(stop: Stop) -> str:
    if stop.before and (pair := _PAIRS.get((str(stop.before.value), stop.word))):
        return pair
    if stop.kind != STRAY:
        return ""
    match stop.word:
        case "!":
            return "write NOT" if stop.starts_comparison else "not equal is '!='"
        case "." if stop.before and stop.before.type == "PROPERTY":
            return "a name stands on both sides of a dot"
        case "+" if stop.follows_value:
            return "'+' is a space only in URLs"
        case word:
            return _SIGNS.get(word, "")


def _parenthesis(stop: Stop) -> str:
    match stop.kind:
        case "$END" if "CLOSE" in stop.accepted:
            return f"the parenthesis at column {stop.opened} is not closed"
        case "CLOSE" if not stop.opened:
            return "no parenthesis is open"
        case "OPEN" if "CONSTANT" in stop.accepted:
            return "values and lists stand without parentheses"
        case _:
            return ""


def _capitals(stop: Stop) -> str:
    word = stop.word.upper()
    named = word in stop.accepted or (word in ("TRUE", "FALSE") and "BOOLEAN" in stop.accepted)
    if named and stop.kind in ("PROPERTY", STRAY):
        return f"words of the language are in capitals: {word}"
    before = stop.before.value if stop.before else None
    if isinstance(before, Property) and before.name == "not" and stop.kind == "PROPERTY":
        return "words of the language are in capitals: NOT"
    return ""


def _letters(stop: Stop) -> str:
    """A word with capitals that is no word of the language, or a letter that is in none."""
    if stop.kind != STRAY or not stop.word[0].isalpha():
        return ""
    if not stop.word.isascii():
        return "outside of strings there are only ASCII letters"
    if stop.joined and stop.before and stop.before.type == "PROPERTY":
        return "names of properties are in lower case"
    if stop.starts_comparison and not stop.word.isupper():
        return f"names of properties are in lower case: {stop.word.lower()}"
    if "CONSTANT" in stop.accepted and not stop.starts_comparison:
        return f'strings need double quotes: "{stop.word}"'
    return "not a word of the filter language"


def _quotes(stop: Stop) -> str:
    before = stop.before.value if stop.before else None
    if stop.joined and isinstance(before, String) and stop.kind in ("PROPERTY", "CONSTANT", STRAY):
        return "is there a double quote too many or too few before it?"
    return ""


def _place(stop: Stop) -> str:
    match stop.kind:
        case "COMMA" if stop.follows_value:
            return "lists follow HAS ALL, HAS ANY or HAS ONLY"
        case "COLON" if stop.follows_value:
            return "values are joined by ':' only where properties are: a:b HAS 1:2"
        case "BOOLEAN" if "CONSTANT" in stop.accepted:
            return "TRUE and FALSE have no order"
        case "KNOWN" | "UNKNOWN" if "IS" in stop.accepted:
            return f"write IS {stop.kind}"
        case "EQUALITY" | "RELATION" if stop.before and stop.before.type == "CLOSE":
            return "conditions in parentheses cannot be compared"
        case "HAS" | "LENGTH" | "CONTAINS" | "STARTS" | "ENDS" | "IS":
            first = stop.starts_comparison or stop.follows_value
            return f"a property stands before {stop.kind}" if first else ""
        case _:
            return ""


_RULES = (_sign, _parenthesis, _capitals, _quotes, _letters, _place)
