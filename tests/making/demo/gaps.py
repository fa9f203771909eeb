"""Band gaps at 0 K: Kittel, Introduction to Solid State Physics (8th ed.), chapter 8, table 1.

By reduced formula, with the space groups of the form that is meant there.
"""

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from math import gcd

GAPS: dict[str, tuple[frozenset[int], float, str]] = {
    "C": (frozenset({227}), 5.4, "indirect"),
    "Si": (frozenset({227}), 1.17, "indirect"),
    "Ge": (frozenset({227}), 0.744, "indirect"),
    "InSb": (frozenset({216}), 0.23, "direct"),
    "AsIn": (frozenset({216}), 0.43, "direct"),
    "InP": (frozenset({216}), 1.42, "direct"),
    "GaP": (frozenset({216}), 2.32, "indirect"),
    "AsGa": (frozenset({216}), 1.52, "direct"),
    "GaSb": (frozenset({216}), 0.81, "direct"),
    "AlSb": (frozenset({216}), 1.65, "indirect"),
    "Te": (frozenset({152, 154}), 0.33, "direct"),
    "PbS": (frozenset({225}), 0.286, "direct"),
    "CdS": (frozenset({186}), 2.582, "direct"),
    "CdSe": (frozenset({186}), 1.84, "direct"),
    "CdTe": (frozenset({216}), 1.607, "direct"),
    "Cu2O": (frozenset({224}), 2.172, "direct"),
    "ZnO": (frozenset({186}), 3.436, "direct"),
    "SZn": (frozenset({186}), 3.91, "direct"),
    "O2Ti": (frozenset({136}), 3.03, "direct"),
}


def find_gap(symbols: Sequence[str], space_group: int) -> tuple[float, str] | None:
    """Gap in eV and its type; None where the table has none for this compound in this form."""
    counts = Counter(symbols)
    common = reduce(gcd, counts.values())
    formula = "".join(
        f"{symbol}{count // common if count > common else ''}"
        for symbol, count in sorted(counts.items())
    )
    forms, value, kind = GAPS.get(formula, (frozenset(), 0.0, ""))
    return (value, kind) if space_group in forms else None
