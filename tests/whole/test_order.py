"""Joined pages equal one sort of all entries: every order, both directions, every way to page."""

import pytest

from tests.whole.expected import Sort
from tests.whole.oases import VOLUME, DemoLine, awkward_lines, make_line, opened
from tests.whole.walking import Walk, walk_of

SIZES = {"berlin": 47, "berlin-2": 30, "dresden": 9}
SCALARS = (
    "nelements", "nsites", "nperiodic_dimensions", "chemical_formula_descriptive",
    "chemical_formula_reduced", "chemical_formula_hill", "chemical_formula_anonymous",
    "last_modified", "id", "immutable_id", "_fed_upload_id", "_nmd_mainfile", VOLUME,
)  # fmt: skip
SORTS: tuple[Sort, ...] = (
    (),
    *(((name, falling),) for name in SCALARS for falling in (False, True)),
    (("nelements", True), ("chemical_formula_hill", False)),
    (("chemical_formula_hill", False), ("nsites", True)),
    (("chemical_formula_hill", True), ("chemical_formula_descriptive", True)),
    (("last_modified", False), ("nsites", False), ("nelements", True)),
    (("nperiodic_dimensions", True), ("nelements", True), ("id", False)),
    (("chemical_formula_anonymous", False), ("chemical_formula_descriptive", True),
     ("chemical_formula_hill", True), ("last_modified", False)),
    (("immutable_id", False), ("nelements", True)),
    ((VOLUME, True), ("_nmd_mainfile", False), ("nsites", False)),
    (("nsites", True), ("immutable_id", True), ("chemical_formula_descriptive", False)),
)  # fmt: skip


async def walked(walk: Walk) -> list[str]:
    """To the end, back to the start, to the end at once; what was wrong."""
    await walk.back_from(await walk.forward())
    last = await walk.last()
    assert last.next is None
    return walk.problems


@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_joined_pages_equal_one_sort(sort: Sort) -> None:
    """Forward, backward and from the end, the pages hold what one sort of everything holds."""
    async with opened(awkward_lines(1, SIZES)) as one:
        walk = walk_of(one.federation, one.entries, sort=sort, limit=9)
        assert await walked(walk) == []


@pytest.mark.parametrize("more", [(), (("nsites", False),)])
@pytest.mark.parametrize("falling", [False, True])
async def test_zeros_of_both_signs(falling: bool, more: Sort) -> None:
    """-0.0 stands before 0.0 at every site, whatever the ids, and a walk loses none of them."""
    volumes = (0.0, -0.0, 0.0, -0.0, -1.0, 1.0, -0.0, 0.0)
    lines = {
        site: [
            _with_volume(f"{site[0]}{number:02}", volume) for number, volume in enumerate(volumes)
        ]
        for site in ("berlin", "munich")
    }
    async with opened(lines) as one:
        walk = walk_of(one.federation, one.entries, sort=((VOLUME, falling), *more), limit=3)
        assert await walked(walk) == []


def _with_volume(entry_id: str, volume: float) -> DemoLine:
    structures = {"structure_original": {"cell_volume": volume}}
    return make_line(entry_id) | {"results": {"properties": {"structures": structures}}}
