"""Descriptions of properties that the `optimade` package does not know: OPTIMADE 1.3's and ours."""

from collections.abc import Mapping

VERSION_1_3 = (
    "fractional_site_positions",
    "optimization_type",
    "site_coordinate_span",
    "site_coordinate_span_description",
    "wyckoff_positions",
)
"""Properties that OPTIMADE 1.3 has added."""

DESCRIPTIONS: Mapping[str, str] = {
    "fractional_site_positions": "Positions of the sites in fractions of the lattice vectors.",
    "optimization_type": "By which kind of optimization the structure came about.",
    "site_coordinate_span": "Which part of the material the sites describe.",
    "site_coordinate_span_description": "The span of the sites in words, where it is `other`.",
    "wyckoff_positions": "The Wyckoff letter of each site.",
    "site": "Name of the NOMAD installation that holds the entry.",
    "entry_page": "The entry's page for people at its NOMAD installation.",
    "api_url": "The entry at the API of its NOMAD installation.",
    "upload_id": "The upload that the entry is part of.",
    "copies": "The ids of all copies of the entry that the sites hold, its own among them.",
    "license": "Licence of the entry's data.",
    "authors": "Names of the entry's authors.",
    "datasets": "Names of the datasets that the entry is part of.",
    "dois": "DOIs of the datasets that the entry is part of.",
}
