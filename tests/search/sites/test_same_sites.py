"""One Oasis under two addresses is noticed; two Oases with common entries are two."""

import logging
from random import Random

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.search import Federation
from gateway.search.sites.same_sites import SAMPLE_SIZE, SiteSample, common_part, sites_same_as
from tests.whole.lines import Line
from tests.whole.oases import make_config, make_line

WARNING = "sites berlin and munich hold the same entries"


def drawn(seed: int, size: int) -> set[str]:
    random = Random(seed)
    return {f"{random.getrandbits(160):040x}" for _ in range(size)}


def sample(ids: set[str], deployment: str | None = None) -> SiteSample:
    return SiteSample(tuple(sorted(ids)[:SAMPLE_SIZE]), deployment)


@pytest.mark.parametrize(
    ("size", "common", "more", "deployments", "are_same"),
    [
        (3000, 3000, 0, (None, None), True),
        (3000, 3000, 100, (None, None), True),  # published between the two looks
        (3000, 3000, 0, ("oasis", "other"), True),  # a mirror doubles all entries as well
        (3000, 100, 2900, ("oasis", "oasis"), False),  # the name that NOMAD came with
        (400, 100, 300, (None, None), False),
        (400, 200, 200, ("oasis", "oasis"), False),
        (20, 20, 0, (None, None), True),
        (19, 19, 0, (None, None), False),  # so few may be copies of one upload
        (19, 19, 0, ("a", "b"), False),
        (5, 5, 0, ("oasis", "oasis"), True),
        (4, 4, 0, ("oasis", "oasis"), False),
        (0, 0, 0, ("oasis", "oasis"), False),
        (30, 30, 3000, (None, None), False),  # all of a small one is also at a large one
    ],
)
def test_pairs(
    size: int, common: int, more: int, deployments: tuple[str | None, str | None], are_same: bool
) -> None:
    """Most entries must be the same, and enough of them compared."""
    first = drawn(1, size)
    second = {*sorted(first, key=lambda id_: id_[::-1])[:common]} | drawn(2, more)
    one, other = sample(first, deployments[0]), sample(second, deployments[1])
    samples = {"a": one, "b": other}
    assert list(sites_same_as("a", samples)) == (["b"] if are_same else [])
    assert list(sites_same_as("b", samples)) == (["a"] if are_same else [])
    assert common_part(one, other) == common_part(other, one)


def test_three_addresses() -> None:
    """Each site names all others, and none itself."""
    ids = drawn(3, 100)
    samples = {name: sample(ids) for name in "abc"}
    found = {name: "".join(sites_same_as(name, samples)) for name in samples}
    assert found == {"a": "bc", "b": "ac", "c": "ab"}


async def looked_at(*apps: object, caplog: pytest.LogCaptureFixture) -> list[tuple[str, ...]]:
    names = ("berlin", "munich", "dresden")[: len(apps)]
    wires = {
        name: Line(httpx.ASGITransport(app))  # type: ignore[arg-type]
        for name, app in zip(names, apps, strict=True)
    }
    federation = Federation(make_config(names), transports=wires)
    await federation.open()
    try:
        with caplog.at_level(logging.WARNING):
            for name in (*names, *names):
                await federation.check(name)
        return [state.same_as for state in federation.site_states()]
    finally:
        await federation.close()


async def test_one_oasis_under_two_addresses(caplog: pytest.LogCaptureFixture) -> None:
    """It is said once in the log, and each site's status names the other."""
    app = create_demo_oasis([make_line(f"b{n:03}") for n in range(70)], path="")
    other = create_demo_oasis([make_line(f"c{n:03}") for n in range(70)], path="")
    found = await looked_at(app, app, other, caplog=caplog)
    assert found == [("munich",), ("berlin",), ()]
    assert [WARNING in line for line in caplog.messages] == [True]


async def test_two_oases_with_common_entries(caplog: pytest.LogCaptureFixture) -> None:
    """Copies are no reason to warn."""
    apps = [
        create_demo_oasis(
            [make_line(f"{n:03}{'x' if n % 3 else name}") for n in range(70)], path=""
        )
        for name in "bm"
    ]
    assert await looked_at(*apps, caplog=caplog) == [(), ()]
    assert caplog.messages == []
