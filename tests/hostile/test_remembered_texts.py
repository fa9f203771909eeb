"""What outlives a request: no text of a site or client that is long, however many there are."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from gateway.properties import nearest_names, structures_catalogue
from gateway.references import REMEMBERED_LENGTH, Reference
from gateway.shape.references import references_in
from gateway.times import read_nomad_milliseconds, read_nomad_time

CATALOGUE = structures_catalogue("fed")
LONG, TIMES, MOST_BYTES = 8_000, 500, 2**20


def id_of(text: str) -> object:
    return Reference("ref", text).id


def cited(text: str) -> object:
    return references_in(
        {"references": [text], "datasets": [{"doi": "10.1/x", "dataset_name": text}]}
    )


def suggested(text: str) -> object:
    return nearest_names(f"_nmd_{text}", CATALOGUE)


@pytest.mark.parametrize("letter", ["x", "\u4e2d"])
@pytest.mark.parametrize(
    "read", [read_nomad_time, read_nomad_milliseconds, id_of, cited, suggested]
)
def test_long_texts_are_not_remembered(read: Callable[[str], object], letter: str) -> None:
    """Five hundred of them leave nothing behind."""
    read("x")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(TIMES):
            read(f"{number}{letter * LONG}")
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < MOST_BYTES


@pytest.mark.parametrize("length", [1, REMEMBERED_LENGTH, REMEMBERED_LENGTH + 1, LONG])
def test_they_mean_the_same(length: int) -> None:
    """Remembered or not."""
    text = "é" * length
    assert Reference("ref", text).id == "ref." + "_C3_A9" * length
    (one,) = references_in({"references": [text]})
    assert one.reference == Reference("ref", text)
    (two,) = references_in({"datasets": [{"doi": "10.1/x", "dataset_name": text}]})
    assert two.title == text
