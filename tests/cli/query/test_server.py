"""One request: what is asked again and when, and errors in the words of the command line."""

from collections.abc import Callable

import httpx
import pytest

from gateway.cli.query.server import AgainError, Server, in_options
from gateway.errors import GatewayError, RequestError

URL = "http://a.test/v1/structures?filter=nsites=1"


def server(*answers: httpx.Response | Exception, waits: list[float] | None = None) -> Server:
    """One that gives these answers, one after the other."""
    given = iter(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        one = next(given)
        if isinstance(one, Exception):
            raise one
        return one

    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Server(client, "http://a.test/v1", prefix="fed", is_gateway=True, sleep=sleep)


def good() -> httpx.Response:
    return httpx.Response(200, json={"data": []})


def wrong(status: int, detail: str = "Why.", parameter: str = "", **headers: str) -> httpx.Response:
    error = {"detail": detail, **({"source": {"parameter": parameter}} if parameter else {})}
    return httpx.Response(status, json={"errors": [error]}, headers=headers)


@pytest.mark.parametrize(
    ("failure", "waits"),
    [
        (lambda: wrong(503, **{"Retry-After": "7"}), [7.0]),
        (lambda: wrong(429, **{"Retry-After": "100000"}), [120.0]),
        (lambda: wrong(502), [1.0]),
        (lambda: wrong(500, **{"Retry-After": "Fri, 27 Nov 2026 00:00:00 GMT"}), [1.0]),
        (lambda: httpx.ConnectError("refused"), [1.0]),
        (lambda: httpx.ReadTimeout("slow"), [1.0]),
    ],
)
async def test_asked_again(
    failure: Callable[[], httpx.Response | Exception], waits: list[float]
) -> None:
    """What may pass is asked again after the time that the server names, if it is bearable."""
    slept: list[float] = []
    assert await server(failure(), good(), waits=slept).document(URL) == {"data": []}
    assert slept == waits


async def test_given_up() -> None:
    """After the last attempt the failure is told, with waits that grow."""
    slept: list[float] = []
    with pytest.raises(AgainError, match=r"^Why\.$"):
        await server(*[wrong(503) for _ in range(4)], waits=slept).document(URL)
    assert slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (wrong(400, "The filter cannot be read.", "filter"), "The filter cannot be read."),
        (wrong(400, "sort has an empty item.", "sort"), "--sort has an empty item."),
        (wrong(400, "No 'a'; the sites are b.", "_fed_sites"), "--sites: No 'a'; the sites are b."),
        (wrong(400, "Leave response_fields out.", "response_fields"), "Leave --fields out."),
        (wrong(501, "Not that.", "response_fields"), "--fields: Not that."),
        (httpx.Response(404, text="gone"), "http://a.test/v1/structures answered 404 Not Found"),
    ],
)
async def test_refused(answer: httpx.Response, says: str) -> None:
    """A request that is wrong is not asked again, and options have their own names."""
    with pytest.raises(RequestError) as caught:
        await server(answer).document(URL)
    assert str(caught.value) == says


@pytest.mark.parametrize("text", ["<html>", "[]", "", '"a"'])
async def test_no_document(text: str) -> None:
    """What is no document is said to be none."""
    with pytest.raises(GatewayError, match="something else than JSON"):
        await server(httpx.Response(200, text=text)).document(URL)


async def test_terminals_are_safe() -> None:
    """A server's words cannot move the cursor or change colours."""
    with pytest.raises(RequestError) as caught:
        await server(wrong(400, "a\x1b[31mb\x9bc\nd")).document(URL)
    assert str(caught.value) == "a\ufffd[31mb\ufffdc d"


def test_names_within_names() -> None:
    """Parts of other words stay as they are."""
    assert in_options("my_page_limit, resort, sort", "fed") == "my_page_limit, resort, sort"
