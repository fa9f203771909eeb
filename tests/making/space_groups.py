"""Symbols of space groups as spglib, and so NOMAD, spells them -> as OPTIMADE spells them.

    python -m tests.making.space_groups > src/gateway/catalogue/space_groups.txt

It needs spglib. All settings are there: the short symbol depends on the axes.
"""

import spglib

SETTINGS = range(1, 531)


def main() -> None:
    """Print one line per symbol: spglib's, a tab, OPTIMADE's."""
    symbols = {}
    for number in SETTINGS:
        group = spglib.get_spacegroup_type(number)
        assert group is not None
        symbols[group.international_short] = _spaced(group.international_short, group.international)
    for short, spaced in sorted(symbols.items()):
        print(f"{short}\t{spaced}")  # its output


def _spaced(short: str, named: str) -> str:
    """The same symbol out of `P 2 = P 1 2 1`; screw axes are written without an underscore."""
    spelled = [part.strip() for part in named.split("=")]
    (same,) = {part for part in spelled if part.replace(" ", "") == short}
    return same.replace("_", "")


if __name__ == "__main__":
    main()
