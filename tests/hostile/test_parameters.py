"""Parameters cost what they are worth: many or long ones neither work nor output."""

import httpx
import pytest

from tests.hostile.server import served

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def post(client: httpx.AsyncClient, body: str) -> httpx.Response:
    return await client.post("/v1/structures", content=body, headers=FORM)


async def test_many_foreign_parameters() -> None:
    """25,000 of them are one sentence, not 25,000 warnings."""
    async with served() as gateway:
        answer = await post(gateway.client, "&".join(f"_x_{one}" for one in range(25_000)))
        assert answer.status_code == 400
        assert "25000 parameters; at most 100" in answer.json()["errors"][0]["detail"]
        assert len(answer.json()["errors"]) == 1


async def test_as_many_as_allowed() -> None:
    """Up to 100 foreign parameters are warned of, each once."""
    async with served() as gateway:
        answer = await post(gateway.client, "&".join(f"_x_{one}=1" for one in range(100)) + "&&&")
        assert answer.status_code == 200
        assert len(answer.json()["meta"]["warnings"]) == 100


@pytest.mark.parametrize("size", [30_000, 300_000])
@pytest.mark.parametrize(
    "body", ["_x_{0}=1", "{0}=1", "{0}&{0}", "sort=-{0}&sort=1", "email_address={0}",
             "response_format={0}", "include={0}", "_fed_sites={0}", "_fed_partial={0}",
             "_fed_copies={0}", "_fed_timeout={0}", "page_limit={0}", "page_offset={0}",
             "page_number={0}", "page_cursor={0}", "_fed_facets={0}", "_fed_packed_filter={0}",
             "api_hint={0}", "filter={0}", "filter={0}=1", "response_fields={0}"],
)  # fmt: skip
async def test_long_names_and_values(body: str, size: int) -> None:
    """An answer repeats no more than a part of what is wrong, beside the query itself."""
    async with served() as gateway:
        document = (await post(gateway.client, body.format("a" * size))).json()
        document["meta"].pop("query")
        document.pop("links")  # they keep all parameters
        assert len(str(document)) < 5_000
        assert "a" * 101 not in str(document)
