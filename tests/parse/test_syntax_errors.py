"""What a person is told about a filter that cannot be read; `syntax_errors.txt` has the pairs."""

from pathlib import Path

import pytest

from gateway.errors import FilterSyntaxError
from gateway.parse import read_filter

TEXT = Path(__file__).with_name("syntax_errors.txt").read_text(encoding="utf-8")
PAIRS = [tuple(pair.split("\n    ")) for pair in TEXT.strip().split("\n\n")]

# Filter; column; what was found.
INVISIBLE = [
    ("", 1, "the end of the filter"),
    (" \t\n ", 1, "the end of the filter"),
    ("a =  ", 4, "the end of the filter"),
    ("a\u00a0= 1", 2, "the character U+00A0 no-break space"),
    ("\ufeffa = 1", 1, "the character U+FEFF zero width no-break space"),
    ("a\u200b = 1", 2, "the character U+200B zero width space"),
    ("a = \u0661", 5, "'\u0661', U+0661 arabic-indic digit one"),
    ("a\x00", 2, "the character U+0000"),
    ("a = \ud800", 5, "half of a surrogate pair, U+D800"),
    ('a = "b\ud800c"', 7, "half of a surrogate pair, U+D800 in a string"),
    ('a = "b\x01"', 7, "the character U+0001 in a string"),
    ('a = "b\x7f"', 7, "the character U+007F in a string"),
    ('a = "\U0001f600" b', 9, "'b'"),
    ("a b\nc", 3, "'b'"),
    ('a "b\nc"', 3, 'the string "b c"'),
    ("a " + "b" * 100, 3, f"'{'b' * 30}…'"),
    ('a "' + "b" * 100 + '"', 3, f'the string "{"b" * 29}…'),
]


@pytest.mark.parametrize(("text", "message"), PAIRS)
def test_message(text, message):
    """A syntax error says where, what was found and what was expected, and helps with slips."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_filter(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "column", "found"), INVISIBLE)
def test_found(text, column, found):
    """What cannot be seen, or is too long to be shown, is found and named all the same."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_filter(text)
    assert caught.value.column == column
    assert caught.value.found.split(" (")[0] == found
    assert caught.value.expected
    str(caught.value).encode()


def test_parts():
    """The error keeps its parts for those who do not want to read the sentence."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_filter("nelements = 2 AND")
    assert caught.value.text == "nelements = 2 AND"
    assert caught.value.column == 18
    assert caught.value.found == "the end of the filter"
    assert caught.value.expected == ("a property", "a value", "'NOT'", "'('")
    assert caught.value.parameter == "filter"
