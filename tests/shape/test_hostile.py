"""Whatever JSON a site sends, there is a resource, and what it says holds by OPTIMADE's rules."""

import math
import warnings

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimade.models import StructureResource
from optimade.warnings import MissingExpectedField

from gateway.model import Entry
from gateway.shape import default_fields

pytestmark = pytest.mark.slow

NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 0.5, 1e308, -0.0, 2**31, 2**63, 2**64, 10**400])
ODD_NUMBERS = st.sampled_from([math.nan, math.inf, -math.inf])
WORDS = st.sampled_from(["", "O", "Ti", "x", "X", "vacancy", "disorder", "OTi", "name", "*"])
SCALARS = (
    st.none() | st.booleans() | NUMBERS | ODD_NUMBERS | WORDS | st.text('aT\u2028"é😀', max_size=4)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "chemical_symbols", "concentration", "mass", "elements"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)

PLAUSIBLE = {
    "elements": [["O", "Ti"], ["Ti", "O"], ["O"], [], ["X"]],
    "nelements": [0, 1, 2],
    "elements_ratios": [[0.5, 0.5], [1.0], [], [[{"elements": "O", "elements_ratios": 1.0}]]],
    "chemical_formula_descriptive": ["OTi"],
    "dimension_types": [[1, 1, 0], [0, 0, 0], 3, [1, 1, 1]],
    "nperiodic_dimensions": [0, 1, 2, 3],
    "lattice_vectors": [
        [[1.0, 0.0, 0.0]] * 3,
        [[None] * 3] * 3,
        [[1, 2, 3], [None] * 3, [4, 5, 6]],
    ],
    "cartesian_site_positions": [[], [[0.0, 0.0, 0.0]], [[0, 0, 0], [1.5, 2.5, None]]],
    "nsites": [0, 1, 2],
    "species_at_sites": [[], ["O"], ["O", "Ti"], ["Fe", "Fe"]],
    "structure_features": [[], ["disorder"], ["unknown_positions", "disorder"]],
    "species": [
        [],
        [{"name": "O", "chemical_symbols": ["O"], "concentration": [1.0]}],
        [{"name": "O", "chemical_symbols": ["x", "vacancy"], "concentration": [1, 0], "mass": 1}],
    ],
}
SECTION = st.fixed_dictionaries(
    {}, optional={name: JSON | st.sampled_from(some) for name, some in PLAUSIBLE.items()}
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "optimade": SECTION | JSON,
        "upload_create_time": JSON | st.just("2021-03-01T00:00:00Z"),
        "upload_id": JSON,
        "license": JSON,
        "authors": JSON,
        "datasets": JSON,
    },
)


@settings(max_examples=150)
@given(document=METADATA, archive=st.none() | METADATA)
def test_any_json(shape, catalogue, document, archive) -> None:
    """There are exactly the attributes that were asked for, and they can be written as JSON."""
    entry = Entry("berlin", "abc", document, archive)
    for fields in (None, tuple(catalogue)):
        resource, notices = shape(entry, fields)
        names = default_fields(catalogue) if fields is None else fields
        assert list(resource.attributes) == [one for one in names if one not in ("id", "type")]
        written = orjson.loads(orjson.dumps(resource.attributes))
        assert written == resource.attributes  # no NaN, which would be written as null
        assert all("berlin~abc" in notice.detail for notice in notices)


@settings(max_examples=150)
@given(document=METADATA, archive=st.none() | METADATA)
def test_any_json_is_valid(shape, document, archive) -> None:
    """What is served of it is valid against optimade's models."""
    resource, _ = shape(Entry("berlin", "abc", document, archive))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingExpectedField)
        StructureResource(type=resource.type, id=resource.id, attributes=resource.attributes)


@settings(max_examples=150)
@given(document=METADATA, archive=METADATA)
def test_values_only_leave_with_a_notice(shape, catalogue, document, archive) -> None:
    """A property that a site holds is null only with a notice that names it."""
    resource, notices = shape(Entry("berlin", "abc", document, archive), tuple(catalogue))
    reported = {notice.detail.split(" ", 1)[0] for notice in notices}
    sections = [one.get("optimade") for one in (document, archive)]
    for name in PLAUSIBLE.keys() - {"nperiodic_dimensions"}:
        sources = sections if "optimade." + name in catalogue[name].fields else sections[1:]
        held = any(isinstance(one, dict) and one.get(name) is not None for one in sources)
        if held and resource.attributes[name] is None:
            assert name in reported
