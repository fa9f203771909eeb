"""A cursor comes back as it was, or is refused in a sentence; nothing else can happen."""

import base64
import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ParameterError
from gateway.merge import Cursor, Progress, fingerprint_of, read_cursor, write_cursor
from gateway.model import NativeQuery, Order, Position, SortKey, SortValue

KNOWN: NativeQuery = {"quantities": "x"}
KEYS = (
    SortKey("hill", "hill", "string", known=KNOWN),
    SortKey("n", "n", "integer", descending=True, known=KNOWN),
    SortKey("x", "x", "float", known=KNOWN),
    SortKey("last_modified", "upload_create_time", "timestamp"),
)
ORDER = Order(KEYS)
MADE_FOR = fingerprint_of(("structures", 'elements HAS "O"', "hill", "sites"))

ENTRY_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,28}", fullmatch=True)
SITES = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
VALUES: st.SearchStrategy[tuple[SortValue, ...]] = st.tuples(
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.none() | st.integers(-(2**31), 2**31),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 2**42),
)
POSITIONS = st.builds(Position, VALUES, ENTRY_IDS, SITES)
LAGGING = st.lists(st.tuples(SITES, st.none() | POSITIONS), max_size=3).map(tuple)
CURSORS = st.builds(
    Cursor,
    st.builds(Progress, st.none() | POSITIONS, LAGGING),
    st.integers(0, 10**9),
    st.booleans(),
    st.none() | st.integers(1, 500),
)


def read(text: str) -> Cursor:
    return read_cursor(text, fingerprint=MADE_FOR, order=ORDER)


def forged(payload: object) -> str:
    """A text whose checksum is right, as anybody can make it."""
    raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    check = hashlib.sha256(raw).digest()[:6]
    return base64.urlsafe_b64encode(check + raw).rstrip(b"=").decode()


@given(CURSORS)
def test_cursor_comes_back(cursor: Cursor) -> None:
    """What is written is read again, by any process, and is safe in a URL as it stands."""
    text = write_cursor(cursor, fingerprint=MADE_FOR)
    assert read(text) == cursor
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text() | st.text("ABCab-_=+/ 01", max_size=90) | st.binary().map(forged))
def test_any_text_is_refused(text: str) -> None:
    """Whatever is sent as a cursor that is none is refused, as the caller's parameter."""
    with pytest.raises(ParameterError) as refusal:
        read(text)
    assert refusal.value.parameter == "page_cursor"


@settings(max_examples=150)
@given(CURSORS, st.data())
def test_damage_is_found(cursor: Cursor, data: st.DataObject) -> None:
    """A cursor with any part changed, lost or doubled is refused, never read as another place."""
    text = write_cursor(cursor, fingerprint=MADE_FOR)
    at = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(at + 1, len(text)))
    other = data.draw(st.sampled_from(["", text[at:end] * 2, "A", "_", "%3D", " ", "ü"]))
    changed = text[:at] + other + text[end:]
    try:
        found = read(changed)
    except ParameterError:
        return
    assert found == cursor  # the same bytes in another spelling


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["", "a", "a~b", "-"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.just("k"), inner, max_size=1),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.tuples(st.just(1), st.just(MADE_FOR), JSON, JSON, JSON, JSON, JSON)
    | st.tuples(st.just(1), st.just(MADE_FOR), st.integers(0, 9), st.booleans(), st.none(),
                st.tuples(st.tuples(JSON, JSON, JSON, JSON), JSON | ENTRY_IDS, JSON | SITES), JSON)
    | JSON
)  # fmt: skip
def test_forged_cursor_is_checked_like_any_input(payload: object) -> None:
    """A cursor that somebody made is refused, or holds only what one of ours could hold."""
    try:
        cursor = read(forged(payload))
    except ParameterError:
        return
    assert read(write_cursor(cursor, fingerprint=MADE_FOR)) == cursor


def payload_of(**changes: Any) -> list[Any]:
    parts = {
        "version": 1, "made_for": MADE_FOR, "offset": 20, "backward": False, "count": None,
        "values": ["O2Ti", 2, 0.5, 5], "entry_id": "abc", "site": "berlin", "lagging": [],
    } | changes  # fmt: skip
    position = [parts["values"], parts["entry_id"], parts["site"]]
    names = ("version", "made_for", "offset", "backward", "count")
    return [*(parts[name] for name in names), position, parts["lagging"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0}, {"version": 2}, {"version": "1"}, {"made_for": "another"},
        {"offset": -1}, {"offset": 2**63}, {"offset": True}, {"offset": 1.5}, {"offset": None},
        {"backward": 1}, {"backward": None},
        {"count": 0}, {"count": -3}, {"count": True}, {"count": 2**63}, {"count": "5"},
        {"values": []}, {"values": ["O2Ti", 2, 0.5]}, {"values": None},
        {"values": [2, 2, 0.5, 5]}, {"values": ["O2Ti", "2", 0.5, 5]},
        {"values": ["O2Ti", 2.0, 0.5, 5]}, {"values": ["O2Ti", True, 0.5, 5]},
        {"values": ["O2Ti", 2**63, 0.5, 5]}, {"values": ["O2Ti", 2, "0.5", 5]},
        {"values": ["O2Ti", 2, 0.5, None]}, {"values": ["O2Ti", 2, 0.5, "2021-01-01"]},
        {"values": [["O2Ti"], 2, 0.5, 5]}, {"values": [{"gt": ""}, 2, 0.5, 5]},
        {"entry_id": ""}, {"entry_id": "a:b"}, {"entry_id": "a b"}, {"entry_id": "ä"},
        {"entry_id": None}, {"entry_id": "a" * 129}, {"entry_id": "abc\n"},
        {"site": ""}, {"site": "Berlin"}, {"site": "http://evil.test/"}, {"site": 5},
        {"lagging": {}}, {"lagging": ["berlin"]}, {"lagging": [["berlin"]]},
        {"lagging": [["http://evil.test", None]]}, {"lagging": [["berlin", []]]},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_part_is_refused(changes: dict[str, Any]) -> None:
    """Each part has its type and its range."""
    read(forged(payload_of()))
    with pytest.raises(ParameterError):
        read(forged(payload_of(**changes)))


@pytest.mark.parametrize(("name", "value"), [("id", "munich~abc"), ("immutable_id", "abd")])
def test_id_among_the_values_is_the_entrys_own(name: str, value: str) -> None:
    """A position cannot say two things about where it is."""
    order = Order((SortKey(name, "entry_id", "string"),))
    own = "berlin~abc" if name == "id" else "abc"
    read_cursor(forged(payload_of(values=[own])), fingerprint=MADE_FOR, order=order)
    with pytest.raises(ParameterError):
        read_cursor(forged(payload_of(values=[value])), fingerprint=MADE_FOR, order=order)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (forged(payload_of(version=9)), "another version"),
        (forged(payload_of(made_for="x")), "another filter, sort"),
        ("A" * 20_000, "too long"),
        (forged(b"[" * 5_000), "damaged"),
    ],
)
def test_refusal_says_why(text: str, says: str) -> None:
    """The sentence tells what the caller can do."""
    with pytest.raises(ParameterError, match=says):
        read(text)


def test_cursor_holds_no_address() -> None:
    """What a cursor says is where the walk stands at which site, by name."""
    at = Position(("O2Ti", 2, 0.5, 5), "abc", "berlin")
    text = write_cursor(Cursor(Progress(at, (("munich", None),))), fingerprint=MADE_FOR)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[6:]
    assert orjson.loads(raw)[5:] == [[["O2Ti", 2, 0.5, 5], "abc", "berlin"], [["munich", None]]]
    assert b"http" not in raw
