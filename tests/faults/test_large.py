"""Pages of archives that are larger than a site's answers may be."""

import orjson

from tests.faults.gateways import gateway, ids_of, make_config, oases, states_of, warnings_of
from tests.faults.proxy import proxies
from tests.whole.oases import make_line

LARGE = "e07"
LINES = [make_line(f"e{number:02d}") for number in range(20)]
URL = "/v1/structures?page_limit=20&response_fields=species_at_sites"
ALLOWED = {"attempts": 1, "max_answer_bytes": 2_000}


async def test_a_page_that_is_too_large_is_asked_for_in_parts() -> None:
    """All entries come, with their archives, in as many requests as it takes."""
    async with oases({"only": LINES}) as addresses, proxies(addresses) as standing:
        config = make_config({"only": standing["only"].url}, site_defaults=ALLOWED)
        async with gateway(config, known=["only"]) as client:
            page = (await client.get(URL)).json()
            assert states_of(page) == {"only": "ok"}
            assert len(ids_of(page)) == 20
            assert all(one["attributes"]["species_at_sites"] for one in page["data"])
    sizes = [len(ids) for one in standing["only"].asked if (ids := ids_asked(one.body))]
    assert max(sizes) == 20
    assert min(sizes) < 10


def ids_asked(body: bytes) -> list[str]:
    query = orjson.loads(body or b"{}").get("query", {})
    return query["and"][0].get("entry_id:any", []) if "and" in query else []


async def test_one_archive_that_is_too_large() -> None:
    """It has what the index holds, with a warning; the rest of the page is whole."""
    lines = [*LINES]
    lines[7] = make_line(LARGE, species_at_sites=["Ti"] * 2000)
    async with oases({"only": lines}) as addresses, proxies(addresses) as standing:
        config = make_config({"only": standing["only"].url}, site_defaults=ALLOWED)
        async with gateway(config, known=["only"]) as client:
            page = (await client.get(URL)).json()
            assert states_of(page) == {"only": "partial"}
            assert len(warnings_of(page, "site_partial")) == 1
            without = [
                one["id"] for one in page["data"] if one["attributes"]["species_at_sites"] is None
            ]
            assert without == [f"only~{LARGE}"]
