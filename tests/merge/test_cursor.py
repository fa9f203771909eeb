"""A cursor comes back as it was, or is refused in a sentence; nothing else can happen."""

import base64
import hashlib
import zlib
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ParameterError
from gateway.merge import (
    Cursor,
    Pin,
    Progress,
    fingerprint_of,
    is_too_long,
    read_cursor,
    write_cursor,
)
from gateway.merge.cursor_text import MAX_PAYLOAD, DamagedTextError, read_text
from gateway.model import NativeQuery, Order, Position, SortKey, SortValue
from gateway.references import Reference

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
    st.none()
    | st.builds(
        Pin, st.from_regex(r"[0-9a-f]{12}", fullmatch=True), st.lists(SITES, max_size=3).map(tuple)
    ),
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
        ("A" * 140_000, "too long"),
        (forged(b"[" * 5_000), "no cursor"),
        (forged(payload_of())[:-4], "missing or changed"),
        ("ü", "no cursor"),
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


# Long positions: texts of 2,048 characters, four to a position, and dozens of sites that lag.

TEXTS = Order(tuple(SortKey(name, name, "string", known=KNOWN) for name in "abcd"))
SHARED = Order(
    (SortKey("doi", "doi", "string", known=KNOWN), SortKey("url", "url", "string", known=KNOWN),
     SortKey("immutable_id", "immutable_id", "string"), SortKey("id", "id", "string"))
)  # fmt: skip
ALPHABETS = {
    "formulas": "HCNOFSiAlTi0123456789",
    "letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "any plane": "".join(map(chr, range(0x10000, 0x110000, 97))),
    "controls": "".join(map(chr, range(32))) + '"\\',
}


def random_text(random: Random, alphabet: str, length: int = 2_048) -> str:
    return "".join(random.choices(ALPHABETS[alphabet], k=length))


def long_position(random: Random, alphabet: str, *, texts: int) -> Position:
    values = [random_text(random, alphabet) for _ in range(texts)] + [None] * (4 - texts)
    return Position(tuple(values), random_text(random, "letters", 28).replace("+", "-")
                    .replace("/", "_"), f"site-{random.randrange(99)}")  # fmt: skip


def reread(cursor: Cursor, order: Order = TEXTS, *, are_shared: bool = False) -> Cursor:
    text = write_cursor(cursor, fingerprint=MADE_FOR)
    assert not is_too_long(text)
    return read_cursor(text, fingerprint=MADE_FOR, order=order, are_shared=are_shared)


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_the_longest_position_comes_back(alphabet: str) -> None:
    """Four keys with the longest texts that a site's answer may have, at any characters."""
    at = long_position(Random(1), alphabet, texts=4)
    missing = (("berlin", None), ("munich", at), ("rome", at))
    for progress in (Progress(at), Progress(at, missing), Progress(None, missing)):
        cursor = Cursor(progress, offset=2**52, backward=True, count=10_000)
        assert reread(cursor) == cursor


@pytest.mark.parametrize("text", ["ä", "\u4e00", "\x01", "a"])
def test_the_longest_reference_comes_back(text: str) -> None:
    """Its id holds all of its text, and its address once more."""
    random = Random(2)
    doi = "10." + "".join(chr(ord(text) + random.randrange(60)) for _ in range(8_188))
    reference = Reference("doi", doi)
    at = Position((reference.doi, reference.url, reference.id, reference.id), reference.id, "")
    cursor = Cursor(Progress(at, (("berlin", at), ("munich", None))), 20)
    assert reread(cursor, SHARED, are_shared=True) == cursor


@pytest.mark.parametrize(
    ("alphabet", "texts", "sites"),
    [("formulas", 1, 40), ("letters", 1, 40), ("formulas", 4, 14), ("any plane", 1, 10)],
)
def test_many_lagging_sites_come_back(alphabet: str, texts: int, sites: int) -> None:
    """Each at a position of its own."""
    random = Random(3)
    lagging = [(f"s{i}", long_position(random, alphabet, texts=texts)) for i in range(sites)]
    at = long_position(random, alphabet, texts=texts)
    cursor = Cursor(Progress(at, tuple(sorted(lagging))), 20)
    assert reread(cursor) == cursor


def test_equal_positions_are_written_once() -> None:
    """A thousand sites that have been missing since the same page take little room."""
    at = long_position(Random(4), "any plane", texts=4)
    lagging = tuple((f"s{i:03}", at) for i in range(1000))
    assert reread(Cursor(Progress(at, lagging))) == Cursor(Progress(at, lagging))


def test_what_would_not_be_read_is_known() -> None:
    """Whoever writes it gives out another answer."""
    random = Random(5)
    lagging = tuple((f"s{i}", long_position(random, "any plane", texts=4)) for i in range(9))
    text = write_cursor(Cursor(Progress(None, lagging)), fingerprint=MADE_FOR)
    assert is_too_long(text)
    with pytest.raises(ParameterError, match="too long"):
        read_cursor(text, fingerprint=MADE_FOR, order=TEXTS)


@pytest.mark.parametrize("sites", [40, 1_000, 10_000])
def test_what_is_too_long_is_not_compressed(sites: int) -> None:
    """However many sites lag: what is far too long is not compressed first."""
    random = Random(7)
    lagging = tuple(
        (f"s{i}", Position((f"{i}{'Al2O3' * 400}", None, None, None), f"e{i}", "berlin"))
        for i in range(sites)
    )
    cursor = Cursor(Progress(long_position(random, "any plane", texts=4), lagging))
    text = write_cursor(cursor, fingerprint=MADE_FOR)
    assert is_too_long(text) is (sites > 40)
    payload = base64.urlsafe_b64decode(text[:64])[6:]
    assert payload.startswith(b"[") is (sites > 40)


def test_short_cursors_are_those_of_earlier_versions() -> None:
    """So that replicas of both versions can read each other's links."""
    at = Position(("O2Ti", 2, 0.5, 5), "abc", "berlin")
    text = write_cursor(Cursor(Progress(at), 20), fingerprint=MADE_FOR)
    assert text == forged(payload_of())


def test_long_cursors_of_earlier_versions_are_read() -> None:
    """They were not compressed."""
    at = long_position(Random(6), "formulas", texts=4)
    packed = [list(at.values), at.entry_id, at.site]
    text = forged([1, MADE_FOR, 20, False, None, packed, []])
    found = read_cursor(text, fingerprint=MADE_FOR, order=TEXTS)
    assert found == Cursor(Progress(at), 20)


def long_payload(**changes: Any) -> list[Any]:
    parts = {"at": 0, "lagging": [["berlin", 0]], "positions": [[["a", None, None, [0]], "x", "b"]]}
    parts |= changes
    return [2, MADE_FOR, 20, False, None, parts["at"], parts["lagging"], parts["positions"]]


@pytest.mark.parametrize(
    "changes",
    [{"at": 1}, {"at": -1}, {"at": True}, {"at": "0"}, {"at": 0.0}, {"lagging": [["berlin", 1]]},
     {"lagging": ["berlin"]}, {"lagging": [["Berlin", 0]]}, {"lagging": 0}, {"positions": {}},
     {"positions": [0]}, {"positions": [[["a", None, None, [2]], "x", "b"]]},
     {"positions": [[["a", None, None, [[0]]], "x", "b"]]}, {"positions": [[[], "x", "b"]]},
     {"positions": [["a", "x", "b"]]}, {"positions": [[["a", None, None, None], None, "b"]]}],
    ids=str,
)  # fmt: skip
def test_wrong_part_of_a_long_cursor_is_refused(changes: dict[str, Any]) -> None:
    """Each part has its type and its range there, too."""
    packed = zlib.compress(orjson.dumps(long_payload()))
    found = read_cursor(forged(packed), fingerprint=MADE_FOR, order=TEXTS)
    assert found.progress.position == Position(("a", None, None, "x"), "x", "b")
    packed = zlib.compress(orjson.dumps(long_payload(**changes)))
    with pytest.raises(ParameterError):
        read_cursor(forged(packed), fingerprint=MADE_FOR, order=TEXTS)


@pytest.mark.parametrize(
    "packed",
    [zlib.compress(b" " * 100_000_000), zlib.compress(b"[1]")[:-1], zlib.compress(b"[1]") + b"x",
     zlib.compress(b"{"), b"x", b""],
)  # fmt: skip
def test_what_does_not_unpack_is_refused(packed: bytes) -> None:
    """And no more is unpacked than any cursor has."""
    with pytest.raises(ParameterError, match="damaged"):
        read(forged(packed))


def test_the_largest_payload() -> None:
    """What unpacks to more than any cursor has is not read, although all of it is there."""
    most = orjson.dumps(["x" * (MAX_PAYLOAD - 4)])
    assert len(most) == MAX_PAYLOAD
    assert read_text(forged(zlib.compress(most))) == orjson.loads(most)
    with pytest.raises(DamagedTextError, match="too long"):
        read_text(forged(zlib.compress(b"[" + most[1:-1] + b" ]")))


def test_a_cursor_without_copies_has_its_old_form() -> None:
    """Those of earlier versions are read, and earlier versions read those without copies."""
    plain = write_cursor(Cursor(), fingerprint=MADE_FOR)
    packed = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))[6:]
    assert len(orjson.loads(packed)) == 7
    assert read(forged(payload_of())).pin is None


@pytest.mark.parametrize(
    "pin",
    [None, "0123456789ab", [], ["0123456789a"], ["0123456789AB"], [5], ["0123456789ab", "Berlin"],
     ["0123456789ab", None], ["0123456789ab", ["berlin"]]],
    ids=str,
)  # fmt: skip
def test_a_wrong_pin_is_refused(pin: object) -> None:
    """A pin is a generation and names of sites."""
    good = ["0123456789ab", "berlin"]
    assert read(forged([*payload_of(), good])).pin == Pin("0123456789ab", ("berlin",))
    for more in ([pin], [good, good]):
        with pytest.raises(ParameterError):
            read(forged([*payload_of(), *more]))
