"""How a site's own refusal is passed on: in its form, and in short."""

import orjson
import pytest

from gateway.errors import SiteError
from gateway.model import Json
from gateway.native.refusals import MAX_SHOWN, missing, passed_on


def refusal(detail: Json, *, status: int = 422, wait_s: float | None = None) -> SiteError:
    return SiteError(
        "berlin",
        doing="read entries",
        happened="HTTP 422: no",
        status=status,
        refused=True,
        detail=detail,
        retry_after_s=wait_s,
    )


LISTED: Json = [
    {"loc": ["body", "query", 0], "msg": "foo.bar is not a doc quantity", "type": "value_error"},
    {"loc": ["body"], "msg": "x", "type": "y", "ctx": {"limit": 5, "is": True, "no": None}},
]


@pytest.mark.parametrize("detail", [LISTED, "no such thing", {"reason": "broken"}, "x" * MAX_SHOWN])
def test_what_nomad_says(detail: Json) -> None:
    """What is wrong with a request comes as it is."""
    assert passed_on(refusal(detail), alone=True).detail == detail


def nested(levels: int) -> Json:
    detail: Json = "x"
    for _ in range(levels):
        detail = [detail]
    return detail


LONG: list[Json] = [
    "x" * 60_000,
    ["x"] * 20_000,
    [{"msg": "x" * 60_000}],
    {"x" * 60_000: 1},
    {f"k{number}": "x" * 50 for number in range(1000)},
    nested(200),
    [{"exception": ["Traceback (most recent call last):" + "x" * 5000] * 10}],
]


@pytest.mark.parametrize("detail", LONG, ids=range(len(LONG)))
def test_a_site_does_not_speak_at_length(detail: Json) -> None:
    """Neither a stack trace nor a page of junk is shown to the public in full."""
    shown = passed_on(refusal(detail), alone=True).detail
    assert type(shown) is type(detail)
    assert len(orjson.dumps(shown)) < 5_000
    assert "x" * (MAX_SHOWN + 1) not in str(shown)


def test_many_short_texts_are_one_sentence() -> None:
    """Where each is short and all together are not."""
    detail: Json = [[{"msg": "x" * 150}] * 20] * 20
    assert passed_on(refusal(detail), alone=True).detail == "berlin: HTTP 422: no"


def test_beside_others_its_name_comes_first() -> None:
    """A sentence is told to be that of one site."""
    assert passed_on(refusal("no"), alone=False).detail == "berlin: no"
    assert passed_on(refusal(None), alone=True).detail == "berlin: HTTP 422: no"
    assert passed_on(refusal(LISTED), alone=False).detail == LISTED


@pytest.mark.parametrize(("wait_s", "said_s"), [(None, 5), (7, 7), (3600, 60)])
def test_nobody_is_sent_away_for_long(wait_s: float | None, said_s: float) -> None:
    """Whatever a site says."""
    error = missing([refusal(None, status=503, wait_s=wait_s)], partial_url="/partial")
    assert (error.status, error.retry_after_s) == (502, said_s)
