"""What a JSON text takes in memory is no more than was reckoned, and not far from it."""

import sys
import tracemalloc
from random import Random

import orjson
import pytest

from gateway.fetch.http.wire.weight import Scale, weight
from gateway.model import Json

DENSE = {
    "objects": b"{},",
    "spaced objects": b"{ },",
    "lists": b"[],",
    "lists in lists": b"[[]],",
    "lists of one": b"[999],",
    "lists of a text": b'["ab"],',
    "vectors": b"[0.123456,1.5,2.5],",
    "small objects": b'{"x":1},',
    "objects of a fraction": b'{"x":0.5},',
    "larger objects": b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6},',
    "objects of eleven": b'{"a":0,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":0,"k":1},',
    "numbers": b"999,",
    "digits": b"1,",
    "fractions": b"0.5,",
    "large numbers": b"999999999999999999,",
    "words": b"true,",
    "letters": b'"a",',
    "texts": b'"ab",',
    "wide letters": '"é",'.encode(),
    "wide texts": '"éé",'.encode(),
    "one very wide": b'"' + b"x" * 200 + '😀",'.encode(),
    "a long text": b'"' + b"x" * 10_000 + b'",',
    "escaped": rb'"\u0142\u0142",',
    "quotes in texts": rb'"\"\"",',
    "signs in texts": b'"::::,,,,{{{{[[[[",',
    "colons in texts": b'":::::::::::::::",',
    "commas in texts": b'",,,,,,,,,,,,,,,",',
}
DECODERS_OWN = 16
"""What orjson takes for each value and each key while it decodes, beside a copy of the text."""
TABLES = [1, 2, 5, 6, 10, 11, 21, 22, 42, 43, 85, 86, 10_923]
"""Numbers of keys, before and after an object's table grows."""


def kept_by(data: Json, seen: set[int]) -> int:
    """What objects take, each once, as CPython's allocator rounds it."""
    if data is None or isinstance(data, bool) or id(data) in seen:
        return 0
    seen.add(id(data))
    match data:
        case dict():
            table = rounded(sys.getsizeof(data) - sys.getsizeof({}))
            values = sum(kept_by(key, seen) + kept_by(value, seen) for key, value in data.items())
            return rounded(sys.getsizeof({})) + table + values
        case list():
            values = sum(kept_by(value, seen) for value in data)
            return rounded(sys.getsizeof([])) + rounded(8 * len(data)) + values
        case int() if -5 <= data <= 256:
            return 0
        case _:
            return rounded(sys.getsizeof(data))


def rounded(size: int) -> int:
    return -(-size // 16) * 16


@pytest.mark.parametrize("part", DENSE.values(), ids=DENSE)
def test_decoding(part: bytes) -> None:
    """What decoding makes, and takes on the way."""
    check_decoding(b"[" + part * (200_000 // len(part)) + b"1]")


@pytest.mark.parametrize("value", ["%d.5", '"%x"'], ids=["numbers", "texts"])
@pytest.mark.parametrize("keys", TABLES)
def test_decoding_names_of_their_own(keys: int, value: str) -> None:
    """A decoder that remembers names gains nothing where each stands once."""
    objects = []
    for first in range(0, 12_000, keys):
        members = (f'"k{one}":{value % one}' for one in range(first, first + keys))
        objects.append(f"{{{','.join(members)}}}")
    check_decoding(f"[{','.join(objects)}]".encode())


def check_decoding(raw: bytes) -> None:
    tracemalloc.start()
    try:
        data = orjson.loads(raw)
        made, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    taken = made + len(raw) + DECODERS_OWN * values_in(data)
    assert taken <= weight(raw).decoding < 100 * len(raw)


def values_in(data: Json) -> int:
    """How many values and keys there are."""
    match data:
        case dict():
            return 1 + len(data) + sum(map(values_in, data.values()))
        case list():
            return 1 + sum(map(values_in, data))
        case _:
            return 1


@pytest.mark.parametrize("times", [0, 1, 1000])
@pytest.mark.parametrize("part", DENSE.values(), ids=DENSE)
def test_what_is_kept(part: bytes, times: int) -> None:
    """Once decoded, whatever it is."""
    raw = b"[" + part * times + b"999]"
    assert kept_by(orjson.loads(raw), set()) <= weight(raw).kept <= weight(raw).decoding


@pytest.mark.parametrize("keys", TABLES)
def test_tables_of_objects(keys: int) -> None:
    """However large, right after they have grown, and with a name of its own for each value."""
    raw = b"{%b}" % b",".join(b'"k%d":%d.5' % (one, one) for one in range(keys))
    assert kept_by(orjson.loads(raw), set()) <= weight(raw).kept


@pytest.mark.parametrize("seed", range(50))
def test_random_texts(seed: int) -> None:
    """Whatever is in whatever; NOMAD's documents take about half of what is reckoned."""
    random = Random(seed)

    def value(depth: int) -> Json:
        match random.randrange(8 if depth < 5 else 6):
            case 0:
                return random.choice([None, True, False])
            case 1:
                return random.randrange(10 ** random.randrange(1, 18))
            case 2:
                return random.random() * 10 ** random.randrange(-20, 20)
            case 3 | 4 | 5:
                return "".join(random.choices('ab:,"{[é😀', k=random.randrange(30)))
            case 6:
                return [value(depth + 1) for _ in range(random.randrange(30))]
            case _:
                return {
                    f"{random.randrange(10**6)}": value(depth + 1)
                    for _ in range(random.randrange(30))
                }

    raw = orjson.dumps([value(0) for _ in range(20)])
    assert kept_by(orjson.loads(raw), set()) <= weight(raw).kept


def test_in_pieces() -> None:
    """Pieces weigh what the whole does, and never less than before."""
    raw = orjson.dumps([{"name": "é", "values": [1.5, 2.5, [], {}]}] * 20)
    scale, before = Scale(), 0
    for at in range(0, len(raw), 7):
        now = scale.add(raw[at : at + 7]).weight().decoding
        assert now >= before
        before = now
    assert scale.weight() == weight(raw)
