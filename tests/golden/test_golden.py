"""The pairs of filters and native queries in this folder.

A pair is a filter on one line and what it becomes on the next:

    nelements >= 3
    ask   {"optimade.nelements": {"gte": 3}}

`ask` is what is asked beside the base condition (that an entry is a structure); `ask all` is the
base alone, `ask none` no question at all. `error 501` (or 400) goes on with the message. The site
is `munich`, the provider's prefix `fed`. Lines with # and empty lines are for the reader. A list
`["all but", "O", "Si"]` is every symbol that `elements` can hold, without those.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import FilterError, NotImplementedFilterError
from gateway.model import Json, NativeQuery
from gateway.plan import translate
from gateway.plan.translation import NOTHING
from gateway.properties import ELEMENT_SYMBOLS, STRUCTURE

FOLDER = Path(__file__).parent


def read_pairs() -> Iterator[tuple[str, str, str]]:
    """File, filter and result of every pair."""
    for path in sorted(FOLDER.glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        answer = [line for line in lines if line.strip() and not line.startswith("#")]
        assert len(answer) % 2 == 0, (
            f"{path.name}: a filter without a result, or the other way round"
        )
        for text, result in zip(answer[::2], answer[1::2], strict=True):
            yield path.stem, text, result


@pytest.mark.parametrize(("file", "text", "result"), list(read_pairs()))
def test_filter_becomes(file: str, text: str, result: str) -> None:
    """A filter becomes the native query that stands below it, or the error."""
    assert result.startswith(("ask ", "error ")), f"{file}: {result}"
    assert _result(text) == _expanded(result)


def _result(text: str) -> tuple[str, Json]:
    try:
        return "ask", _beside_base(translate(text, site="munich"))
    except NotImplementedFilterError as error:
        return "error 501", str(error)
    except FilterError as error:
        return "error 400", str(error)


def _beside_base(query: NativeQuery) -> Json:
    if query in (STRUCTURE, NOTHING):
        return "all" if query == STRUCTURE else "none"
    parts = query["and"]
    assert isinstance(parts, list)
    assert parts[0] == STRUCTURE
    return parts[1] if len(parts) == 2 else {"and": parts[1:]}


def _expanded(result: str) -> tuple[str, Json]:
    word, _, rest = result.partition(" ")
    if word == "error":
        return result[:9], result[9:].strip()
    rest = rest.strip()
    return word, rest if rest in ("all", "none") else _with_lists(json.loads(rest))


def _with_lists(value: Json) -> Json:
    match value:
        case ["all but", *symbols]:
            return [symbol for symbol in ELEMENT_SYMBOLS if symbol not in symbols]
        case list(items):
            return [_with_lists(item) for item in items]
        case dict(items):
            return {key: _with_lists(item) for key, item in items.items()}
        case _:
            return value
