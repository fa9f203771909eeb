"""The three demo sites: at which of them each upload was made.

Which uploads other sites have copied is described in `gateway.demo.copies`.
"""

from tests.making.demo.sample import Sample
from tests.making.demo.uploads import Upload, at, every

SAME_DAY = at("2021-06-02T00:00:00")  # uploads of all sites were made at this moment
Samples = dict[str, tuple[Sample, ...]]


def plan_sites(samples: Samples) -> dict[str, tuple[Upload, ...]]:
    """Every site's uploads."""
    return {
        "berlin": (*_berlin(samples), _shared(samples), _half_hidden(samples)),
        "munich": _munich(samples),
        "dresden": _dresden(samples),
    }


def _shared(samples: Samples) -> Upload:
    """Copied to munich and processed there by another version."""
    return Upload(
        "Shared: AFLOW prototypes, orthorhombic",
        SAME_DAY,
        every(_group(samples, 16, 40), 1, 0)[:40],
        author=0,
        dataset="AFLOW prototypes, orthorhombic",
    )


def _half_hidden(samples: Samples) -> Upload:
    """Public here, its copy at dresden under embargo."""
    return Upload(
        "Shared: half hidden", at("2023-04-17T08:30:12.345678"), samples["pymatgen"][:10], author=1
    )


def _group(samples: Samples, first: int, last: int) -> tuple[Sample, ...]:
    """AFLOW prototypes by space group number, which is the third part of their name."""
    return tuple(s for s in samples["aflow"] if first <= _space_group(s) <= last)


def _space_group(sample: Sample) -> int:
    return int(sample.key.split("_")[2])


def _berlin(samples: Samples) -> tuple[Upload, ...]:
    cubic = _group(samples, 195, 230)
    return (
        Upload(
            "AFLOW-Prototypen: kubisch – Größe α/β",
            SAME_DAY,
            cubic,
            author=0,
            dataset="AFLOW prototypes, cubic",
            odd=True,
        ),
        Upload(
            "AFLOW prototypes: triclinic & monoclinic",
            at("2022-02-28T23:59:59.999001"),
            _group(samples, 1, 15),
            author=1,
            odd=True,
            notebooks=3,
        ),
        Upload(
            "Elemental crystals (PBE)",
            at("2020-11-05T12:00:00.250000"),
            samples["dcdft"],
            author=2,
            dataset="Delta project, WIEN2k",
            failed=2,
        ),
        Upload(
            "Primitive cells I",
            at("2024-07-01T06:15:30.5"),
            every(samples["primitive"], 3, 0),
            odd=True,
        ),
        Upload("Nanotubes", at("2021-07-03T00:00:00"), samples["built"][-6:], author=1),
        Upload("Sample log", at("2024-01-15T09:00:00.123456"), author=2, notebooks=6),
        Upload(
            "Under embargo",
            at("2024-05-05T05:05:05.555555"),
            samples["pymatgen"][10:16],
            state="embargo",
        ),
        Upload("Draft", at("2025-03-01T00:00:00"), samples["barriers"][:8], state="staging"),
    )


def _munich(samples: Samples) -> tuple[Upload, ...]:
    return (
        Upload(
            "G2/97 分子",
            SAME_DAY,
            samples["g2"],
            author=2,
            dataset="G2/97 test set",
            odd=True,
        ),
        Upload(
            "Non-covalent dimers",
            at("2019-04-30T03:09:36.699"),
            samples["dimers"],
            author=1,
            dataset="S22 and its relatives",
        ),
        Upload(
            'COD crystals "as published"',
            at("2022-02-28T23:59:59.999999"),
            samples["cod"],
            author=0,
            dataset="COD elements",
            odd=True,
            notebooks=4,
        ),
        Upload(
            "Primitive cells II",
            at("2024-07-01T06:15:30.5"),
            every(samples["primitive"], 6, 1),
            odd=True,
        ),
        Upload(
            "Under embargo",
            at("2023-12-24T18:00:00.000001"),
            samples["barriers"][8:20],
            state="embargo",
        ),
        Upload(
            "Entwurf",
            at("2025-02-03T04:05:06.789"),
            samples["built"][:6],
            state="staging",
            failed=1,
        ),
    )


def _dresden(samples: Samples) -> tuple[Upload, ...]:
    return (
        Upload(
            "AFLOW prototypes: tetragonal",
            SAME_DAY,
            _group(samples, 75, 142),
            author=1,
            dataset="AFLOW prototypes, tetragonal",
            odd=True,
        ),
        Upload(
            "AFLOW prototypes: hexagonal & trigonal",
            at("2021-07-03T00:00:00"),
            _group(samples, 143, 194),
            author=0,
            dataset="AFLOW prototypes, hexagonal",
            odd=True,
            failed=1,
        ),
        Upload(
            "AFLOW prototypes: orthorhombic",
            at("2023-08-09T10:11:12.131415"),
            _group(samples, 41, 74),
            odd=True,
        ),
        Upload(
            "Surfaces/sheets", at("2020-11-05T12:00:00.250999"), samples["built"][:-6], author=2
        ),
        Upload(
            "Barriers",
            at("2018-10-10T10:10:10.1"),
            samples["barriers"],
            dataset="DBH24/08",
            author=1,
        ),
        Upload(
            "Ячейки III",
            at("2024-07-01T06:15:30.500001"),
            every(samples["primitive"], 3, 2),
            odd=True,
            notebooks=5,
        ),
        Upload(
            "Under embargo",
            at("2022-09-09T09:09:09.090909"),
            samples["pymatgen"][16:],
            state="embargo",
            notebooks=1,
        ),
        Upload("draft", at("2025-01-01T00:00:00.001"), samples["dcdft"][:5], state="staging"),
    )
