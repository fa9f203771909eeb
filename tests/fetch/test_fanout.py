"""All sites at once: each answer or failure by name, and one failure never hides another answer."""

import asyncio

import pytest

from gateway.errors import SiteError
from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.fetch.http.gather import gather
from gateway.model import SiteFailure


async def answer(value: int, *, after_s: float = 0.0) -> int:
    await asyncio.sleep(after_s)
    return value


async def fail(site: str, *, after_s: float = 0.0) -> int:
    await asyncio.sleep(after_s)
    raise SiteError(site, doing="count entries", happened="HTTP 503", retry_after_s=7.0)


async def test_answers_and_failures_by_site() -> None:
    """What a site says and what happens to it are values, side by side."""
    found = await ask_all({"a": answer(1), "b": fail("b"), "c": answer(3)}, doing="count")
    assert isinstance(found["a"], SiteAnswer)
    assert found["a"].value == 1
    assert isinstance(found["c"], SiteAnswer)
    assert found["b"] == SiteFailure("b", "count entries: HTTP 503", 7.0, found["b"].milliseconds)


@pytest.mark.parametrize("others", [{}, {"a": 1}])
async def test_an_unexpected_error_is_that_sites_failure(
    others: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with its traceback; its text reaches no caller."""

    async def broken() -> int:
        raise KeyError("secret")

    asked = {name: answer(value) for name, value in others.items()}
    found = await ask_all({**asked, "b": broken()}, doing="count")
    assert isinstance(found["b"], SiteFailure)
    assert found["b"].reason == "count: its answer could not be processed; the log says why"
    assert "secret" in caplog.text


async def test_each_failure_has_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """But a site whose circuit is open, which had its line when it opened."""

    async def is_open() -> int:
        raise SiteError("c", doing="count", happened="not asked", circuit_open=True)

    await ask_all({"b": fail("b"), "c": is_open()}, doing="count")
    (line,) = caplog.messages
    assert line == "site b is missing: count entries: HTTP 503"


async def test_nobody_asked() -> None:
    """No sites, no answers."""
    assert await ask_all({}, doing="count") == {}
    assert await gather({}) == {}


async def test_gather_raises_the_first_failure_as_it_is() -> None:
    """Several requests to one site are one: the first failure is its failure, not a group."""
    with pytest.raises(SiteError, match="from b"):
        await gather({1: answer(1, after_s=60), 2: fail("b"), 3: fail("c", after_s=0.01)})
    with pytest.raises(SiteError, match="from b"):
        await gather({1: gather({1: fail("b"), 2: fail("b")}), 2: answer(1)})
    assert await gather({"x": answer(1), "y": answer(2)}) == {"x": 1, "y": 2}


async def test_cancellation_goes_through() -> None:
    """A caller that goes away ends what was asked for it."""
    asked = asyncio.create_task(ask_all({"a": answer(1, after_s=60)}, doing="count"))
    await asyncio.sleep(0.01)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
