"""docs/how-to/cookbook.md: each filter finds as many entries of the demo as the page says."""

import httpx

from tests.docs.pages import only_code, read_page

PAGE = read_page("how-to/cookbook.md")


def test_thirty_questions() -> None:
    """There are thirty, each asked once."""
    assert len(PAGE.rows) == 30
    assert len({row[1] for row in PAGE.rows}) == 30
    assert all(row[0].endswith("?") for row in PAGE.rows)


async def test_counts(demo: httpx.AsyncClient) -> None:
    """The numbers are right, something is found, and no filter is warned of."""
    wrong = {}
    for row in PAGE.rows:
        params = {"filter": only_code(row[1]), "page_limit": "1", "response_fields": "nsites"}
        answer = await demo.get("/v1/structures", params=params)
        assert answer.status_code == 200, answer.text
        meta = answer.json()["meta"]
        assert meta.get("warnings", []) == []
        if str(meta["data_returned"]) != row[2] or row[2] == "0":
            wrong[row[1]] = meta["data_returned"]
    assert wrong == {}
