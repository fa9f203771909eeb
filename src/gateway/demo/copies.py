"""What the demo Oases have imported from each other: described here, made when an Oasis starts.

In: the entries of the site at which an upload was made. Out: those of its copy at another site. A
real federation has all of these kinds; the entries themselves are in the data once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Line: TypeAlias = Mapping[str, object]
"""An entry as the data have it."""


@dataclass(frozen=True, slots=True)
class CopiedUpload:
    """An upload of one site as another one holds it."""

    name: str
    made_at: str
    held_by: str
    first: int | None = None
    """How many of its entries came along; None: all."""
    step: int = 1
    """2: every second one of these."""
    imported: str | None = None
    """When NOMAD's default import rewrote the times; None: they were kept."""
    processed: tuple[str, str] | None = None
    """Version and time of a processing here; None: it came as it was processed there."""
    is_embargoed: bool = False
    """Whether it is under embargo here, so that not everybody sees it."""


COPIES = (
    CopiedUpload(
        "Shared: AFLOW prototypes, orthorhombic", made_at="berlin", held_by="munich",
        processed=("1.4.3", "2021-06-05T07:00:00.125+00:00"),
    ),
    CopiedUpload("Shared: half hidden", made_at="berlin", held_by="dresden", is_embargoed=True),
    CopiedUpload("Nanotubes", made_at="berlin", held_by="munich"),
    CopiedUpload("Elemental crystals (PBE)", made_at="berlin", held_by="dresden", step=2),
    CopiedUpload(
        "Non-covalent dimers", made_at="munich", held_by="dresden",
        imported="2024-02-01T16:20:00.5+00:00",
    ),
    CopiedUpload(
        "Non-covalent dimers", made_at="munich", held_by="berlin", first=40,
        processed=("1.3.17", "2019-05-02T11:11:11.111+00:00"),
    ),
    CopiedUpload(
        "Barriers", made_at="dresden", held_by="berlin", imported="2023-11-11T11:00:00+00:00",
    ),
    CopiedUpload("Ячейки III", made_at="dresden", held_by="munich", first=60),
)  # fmt: skip
DELETED = {("dresden", "Ячейки III"): 12}
"""First entries of an upload that the site at which it was made has deleted after it was copied."""


def with_copies(site: str, read: Callable[[str], Iterable[Line]]) -> Iterator[Line]:
    """The entries of a demo site: its own, and what it has imported; `read` reads the data."""
    deleted = {name: count for (one, name), count in DELETED.items() if one == site}
    for line in read(site):
        name = str(_metadata(line)["upload_name"])
        if deleted.get(name, 0) > 0:
            deleted[name] -= 1
        else:
            yield line
    for upload in COPIES:
        if upload.held_by == site:
            yield from copies_of(upload, read(upload.made_at))


def copies_of(upload: CopiedUpload, lines: Iterable[Line]) -> Iterator[Line]:
    """The upload's entries as they are at the site that has copied it."""
    its_own = [line for line in lines if _metadata(line)["upload_name"] == upload.name]
    for line in its_own[: upload.first : upload.step]:
        metadata = {**_metadata(line), "with_embargo": upload.is_embargoed}
        if upload.imported is not None:
            times = ("publish_time", "entry_create_time", "upload_create_time")
            metadata |= dict.fromkeys(times, upload.imported)
        if upload.processed is not None:
            version, moment = upload.processed
            formula = str(metadata["entry_name"]).partition(" ")[0]  # what older versions wrote
            metadata |= {"nomad_version": version, "last_processing_time": moment}
            metadata |= {"entry_name": formula}
        yield {**line, "metadata": metadata}


def _metadata(line: Line) -> Mapping[str, object]:
    metadata = line["metadata"]
    assert isinstance(metadata, Mapping)
    return metadata
