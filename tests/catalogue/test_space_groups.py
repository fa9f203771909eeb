"""The spellings of Hermann-Mauguin symbols."""

import re

import pytest
from ase.spacegroup import Spacegroup

from gateway.catalogue.space_groups import space_group_spelling

SPELLING = space_group_spelling()


@pytest.mark.parametrize("number", range(1, 231))
def test_every_space_group_is_there(number: int) -> None:
    """ASE's symbols of all 230 space groups are among the words, and are spelt from NOMAD's."""
    symbol = Spacegroup(number).symbol
    assert SPELLING[symbol].replace("_", "") == symbol.replace(" ", "")


@pytest.mark.parametrize("word", SPELLING)
def test_form(word: str) -> None:
    """Single spaces between generators, none within, no underscores, bars as signs before digits
    (section "space_group_symbol_hermann_mauguin")."""
    lattice, *generators = word.split(" ")
    assert lattice in tuple("PABCIFR")
    assert 1 <= len(generators) <= 3
    for generator in generators:
        assert re.fullmatch(
            r"-?[1-6]|[2346][1-5]|([2346]|[246][1-5])/[abcden]|[abcdenm]|[2346]/m"
            r"|[246][1-5]/m",
            generator,
        ), generator


def test_one_to_one() -> None:
    """No two of OPTIMADE's words are the same of NOMAD's."""
    assert len(set(SPELLING.values())) == len(SPELLING) > 230
