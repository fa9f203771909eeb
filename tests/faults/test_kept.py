"""What is kept and for whom: stale answers, fresh ones, nobody's own answer for others."""

import asyncio

import httpx

from tests.faults.gateways import gateway, ids_of, make_config, oases, states_of, warnings_of
from tests.faults.proxy import Proxy, proxies, refuses
from tests.whole.oases import make_line

LINES = {
    "one": [make_line(f"e{number}-one") for number in range(3)],
    "two": [make_line(f"e{number}-two") for number in range(3)],
}
KEPT = {"backend": "memory", "answers_s": 0.01, "stale_s": 60}
URL = "/v1/structures?response_fields=nsites"


async def test_stale_answers() -> None:
    """Within the grace a failing site's earlier answer is served, marked, and not to be kept."""
    async with oases(LINES) as addresses, proxies(addresses) as standing:
        config = make_config({name: one.url for name, one in standing.items()}, cache=KEPT)
        async with gateway(config, known=LINES) as client:
            whole = (await client.get(URL)).json()
            standing["two"].break_with(refuses(503))
            await asyncio.sleep(0.1)
            answer = await client.get(URL)
            page = answer.json()
            assert ids_of(page) == ids_of(whole)
            assert states_of(page)["two"] == "stale"
            assert "two does not answer now" in warnings_of(page, "site_stale")[0]
            assert answer.headers["cache-control"] == "no-store"
            fresh = (await client.get(URL, headers={"Cache-Control": "no-cache"})).json()
            assert states_of(fresh)["two"] == "failed"


async def test_no_cache() -> None:
    """`Cache-Control: no-cache` asks the sites anew; without it the kept answer is good."""
    async with oases(LINES) as addresses, proxies(addresses) as standing:
        config = make_config(
            {name: one.url for name, one in standing.items()}, cache={"backend": "memory"}
        )
        async with gateway(config, known=LINES) as client:
            states = []
            for headers in ({}, {}, {"Cache-Control": "no-cache"}):
                page = (await client.get(URL, headers=headers)).json()
                states.append(set(states_of(page).values()))
            assert states == [{"ok"}, {"cached"}, {"ok"}]


async def test_a_callers_token() -> None:
    """It goes to the sites that are configured for it, as `owner: visible`, and nowhere else."""
    async with oases(LINES) as addresses, proxies(addresses) as standing:
        config = make_config({name: one.url for name, one in standing.items()},
                             cache={"backend": "memory"})  # fmt: skip
        own = config.model_copy(
            update={
                "site_list": tuple(
                    keys.model_copy(update={"forward_token": keys.name == "two"})
                    for keys in config.site_list
                )
            }
        )
        async with gateway(own, known=LINES) as client:
            await check_tokens(client, standing)


async def check_tokens(client: httpx.AsyncClient, standing: dict[str, Proxy]) -> None:
    for proxy in standing.values():
        proxy.asked.clear()
    for token in ("Bearer ada", "Bearer bob", "Bearer ada", None, None):
        headers = {"Authorization": token} if token else {}
        answer = await client.get(URL, headers=headers)
        assert "Authorization" in answer.headers["vary"]
        kept = answer.headers["cache-control"]
        assert kept == "private, no-store" if token else kept.startswith("public")
        assert "ada" not in answer.text
    logged = [
        (one.headers.get("authorization"), one.json["owner"]) for one in standing["two"].asked
    ]
    assert logged == [
        ("Bearer ada", "visible"),
        ("Bearer bob", "visible"),
        ("Bearer ada", "visible"),
        (None, "public"),
    ]
    assert {
        (one.headers.get("authorization"), one.json["owner"]) for one in standing["one"].asked
    } == {(None, "public")}


async def test_the_request_id_goes_along() -> None:
    """A site's log and ours can be laid side by side."""
    async with oases(LINES) as addresses, proxies(addresses) as standing:
        config = make_config({name: one.url for name, one in standing.items()})
        async with gateway(config, known=LINES) as client:
            for proxy in standing.values():
                proxy.asked.clear()
            answer = await client.get(URL, headers={"X-Request-ID": "walk-17"})
            assert "keys;dur=" in answer.headers["server-timing"]
            for proxy in standing.values():
                assert {one.headers["x-request-id"] for one in proxy.asked} == {"walk-17"}
