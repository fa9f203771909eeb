"""Random constants of filters: values of real entries, near misses, and what no entry holds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import cast

from tests.laws.evaluator import Entry, single

SYMBOLS = ("H", "C", "O", "Si", "X", "Xe", "Ac", "Zr", "Og")
ODD_WORDS = ("", "Foo", "si", "vacancy", "O*", "?", "*", "Größe", "o", "Zz", '"', "\\", "a b", "~")
FEATURES = ("disorder", "assemblies", "implicit_atoms", "site_attachments", "unknown_atoms", "dis")
ODD_TEXTS = (
    "", "", " ", "Al2O3", "A", "a", "~", "*", "?", "A*", '"', '2"', "\\", "\\\\", "\\*", "Größe",
    "ペロブ", "😀", "\U0010ffff", "\ud7ff", "\ue000", "\t", "\n", "structures", "struct", "None",
    "null", "A" * 60,
)  # fmt: skip
ODD_NUMBERS = (
    "0", "-0", "-1", "1", "2.5", "-0.5", ".5", "3.", "+2", "1e0", "20e-1", "1e20", "-1e20",
    "1e-400", "1E999999", "-1E999999", "2147483647", "2147483648", "-2147483648", "-2147483649",
    "4294967298", "2147483646.5", "2147483647.5", "-2147483648.5",
    "2.0000000000000000000000000000000001",
    "9223372036854775807", "18446744073709551616", "99999999999999999999999999999999.5",
)  # fmt: skip
ODD_RATIOS = (
    "0", "1", "0.5", ".25", "0.3333333333333333", "0.33333334", "0.333333", "0.6666666666666666",
    "-1", "2", "1e-7", "1e-50", "1e-400", "1e39", "-1e39", "3.4028235e38", "1E999", "0.1",
    "1.0000001",
)  # fmt: skip
ODD_TIMES = (
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:60Z", "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z",
    "0000-12-31T23:59:59.9999999-23:59", "2021-06-01T23:59:60Z", "2016-12-31T23:59:60.5+00:00",
    "2020-02-29T12:00:00+14:00", "2021-06-02t00:00:00z", "2021-06-02T00:00:00-00:00",
    "2021-06-02T00:00:00.00000000000000000000000000001Z",
    "2021-06-01T23:59:59.9999999999999999999Z",
)  # fmt: skip


class Constants:
    """Constants as they stand in a filter, drawn by property."""

    def __init__(self, random: Random, entries: Sequence[Entry]) -> None:
        self._random = random
        self._entries = entries

    def text(self, name: str) -> str:
        """A string to hold a text property (or the items of a list) against."""
        return quoted(self._text(name))

    def element(self) -> str:
        """A chemical symbol, or a word that is none."""
        if self._random.random() < 0.12:
            return quoted(self._random.choice(ODD_WORDS))
        return quoted(self._item("elements") or self._random.choice(SYMBOLS))

    def feature(self) -> str:
        """A structure feature, or a word that is none."""
        if self._random.random() < 0.12:
            return quoted(self._random.choice(ODD_WORDS))
        return quoted(self._random.choice(FEATURES))

    def integer(self, name: str) -> str:
        """A number to hold an integer, or a list's length, against."""
        if self._random.random() < 0.2:
            return self._random.choice(ODD_NUMBERS)
        value = self._value(name)
        number = value if isinstance(value, int) else len(cast(Sequence[object], value or ""))
        number += self._random.choice((0, 0, 0, -1, 1))
        return self._random.choice((f"{number}", f"{number}", f"{number}.0", f"{number}e0"))

    def ratio(self) -> str:
        """A number to hold one of `elements_ratios` against."""
        if self._random.random() < 0.3:
            return self._random.choice(ODD_RATIOS)
        ratios = cast(Sequence[float], self._value("elements_ratios") or (0.5,))
        return self._near(self._random.choice(ratios))

    def pair(self) -> tuple[str, str]:
        """An element and its ratio in one entry."""
        entry = self._random.choice(self._entries)
        elements = cast(Sequence[str], entry.get("elements") or ("O",))
        ratios = cast(Sequence[float], entry.get("elements_ratios") or (0.5,))
        place = self._random.randrange(min(len(elements), len(ratios)))
        return quoted(elements[place]), self._near(ratios[place])

    def timestamp(self) -> str:
        """A timestamp: of an entry, near one, or odd; with any offset."""
        if self._random.random() < 0.25:
            return quoted(self._random.choice(ODD_TIMES))
        value = cast(int, self._value("last_modified") or 0)
        value += self._random.choice((0, 0, 0, 1, -1, 999, -60_000))
        offset = self._random.choice((0, 0, 120, -330, 845, -719))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value, minutes=offset)
        digits = self._random.choice(("", "0", "000000", "4", "999999999999"))
        text = moment.strftime(f"%Y-%m-%dT%H:%M:%S.{value % 1000:03d}{digits}")
        return quoted(text + self._zone(offset))

    def _zone(self, offset: int) -> str:
        if not offset:
            return self._random.choice(("Z", "z", "+00:00", "-00:00"))
        hours, minutes = divmod(abs(offset), 60)
        return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"

    def _near(self, ratio: float) -> str:
        exact = repr(ratio)
        shorter, rounded = f"{ratio:.3f}", repr(single(ratio))
        beside = repr(ratio + self._random.choice((1e-9, -1e-9, 1e-7, -1e-7, 0.01, -0.01)))
        return self._random.choice((exact, exact, shorter, rounded, beside))

    def _text(self, name: str) -> str:
        value = self._item(name)
        if not value or self._random.random() < 0.1:
            return self._random.choice(ODD_TEXTS)
        if "~" in value and self._random.random() < 0.3:
            return self._around_sign(value)
        start = self._random.randrange(len(value))
        end = self._random.randint(start, len(value))
        kind = self._random.randrange(11)
        if kind < 3:
            return value
        if kind < 6:
            return (value[:end], value[start:], value[start:end])[kind - 3]
        if kind == 6:
            return value[:start] + self._random.choice("*?~Aa1é") + value[start:]
        if kind == 7:
            return value[:start] + self._random.choice('*?"\\.%') + value[end:]
        if kind == 8:
            return value.swapcase()
        if kind == 9:
            return value + self._random.choice(("0", "~", "*", '"', "\\", "?"))
        return self._changed(value, start)

    def _around_sign(self, value: str) -> str:
        """Of an id: the site, the entry_id, or the end of the one with the start of the other."""
        site, sign, entry_id = value.rpartition("~")
        return self._random.choice((site, entry_id, site[-2:] + sign + entry_id[:2]))

    def _changed(self, value: str, place: int) -> str:
        other = ord(value[place]) + self._random.choice((-1, 1))
        return value[:place] + chr(min(max(other, 33), 126)) + value[place + 1 :]

    def _item(self, name: str) -> str:
        value = self._value(name)
        if isinstance(value, str):
            return value
        items = cast(Sequence[str], value or ())
        return self._random.choice(items) if items else ""

    def _value(self, name: str) -> object:
        """The value in one entry, of a few tries."""
        for _ in range(3):
            entry: Mapping[str, object] = self._random.choice(self._entries)
            if entry.get(name):
                return entry[name]
        return entry.get(name)


def quoted(text: str) -> str:
    """The text as a string of the filter language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
