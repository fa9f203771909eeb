"""What is no timestamp is an error of the value."""

import pytest

from gateway.errors import FilterValueError
from gateway.plan.timestamps import read_timestamp

REFUSED = [
    "",
    "2021-06-02",
    "2021-06-02T00:00Z",
    "2021-06-02T00:00:00",
    "2021-06-02 00:00:00Z",
    "2021-06-02T00:00:00+0200",
    "2021-06-02T00:00:00+02",
    "2021-06-02T00:00:00.Z",
    "2021-06-02T24:00:00Z",
    "2021-06-02T00:60:00Z",
    "2021-06-02T00:00:61Z",
    "2021-13-02T00:00:00Z",
    "2021-00-02T00:00:00Z",
    "2021-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2021-06-31T00:00:00Z",
    "2021-06-02T00:00:00+24:00",
    "2021-06-02T00:00:00+02:60",
    "12021-06-02T00:00:00Z",
    "-2021-06-02T00:00:00Z",
    "2021-06-02T00:00:00Z ",
    "２021-06-02T00:00:00Z",
    "now",
    "now-1d",
    "1622592000000",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_rfc_3339_is_an_error_of_the_value(text: str) -> None:
    """Date alone, no offset, date arithmetic and days that do not exist are 400."""
    with pytest.raises(FilterValueError) as caught:
        read_timestamp(text, column=17)
    assert caught.value.column == 17
    assert repr(text) in str(caught.value)


def test_a_long_text_is_not_repeated_in_full() -> None:
    """An error is no longer than a person reads."""
    with pytest.raises(FilterValueError) as caught:
        read_timestamp("2" * 10_000)
    assert len(str(caught.value)) < 300
