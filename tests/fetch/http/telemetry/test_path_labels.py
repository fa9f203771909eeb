"""Paths as metrics name them."""

import pytest

from gateway.fetch.http.telemetry.path_labels import path_label


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/entries/query", "/entries/query"),
        ("/entries/archive/query", "/entries/archive/query"),
        ("/entries/abc/archive", "/entries/{entry_id}/archive"),
        ("/entries/abc/raw/x/y.cif?offset=3", "/entries/{entry_id}/raw/.."),
        ("/uploads/u-1/raw/a/b", "/uploads/{id}/raw/.."),
        ("/datasets/d-1", "/datasets/{id}"),
        ("/datasets", "/datasets"),
    ],
)
def test_metrics_name_paths_without_ids(path: str, label: str) -> None:
    """Whatever callers ask for, there are few labels."""
    assert path_label(path) == label
