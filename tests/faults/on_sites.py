"""The matrix's main rows on real Oases, through the proxy.

`python -m tests.faults.on_sites URL,.. [FAULT]`: the last site is the one that fails; the table is
tried from that fault on.
"""

import asyncio
import sys

from tests.faults.cells import Cell, Ground
from tests.faults.gateways import gateway, ids_of, make_config
from tests.faults.proxy import proxies
from tests.faults.table import PHASES, rows

ROWS = (
    "refuse", "hang", "slow", "reset mid-answer", "close once", "503 once", "503", "500",
    "429, Retry-After 60", "truncated", "HTML", "gzip bomb", "duplicate ids", "total: text",
    "redirect to another host",
)  # fmt: skip
LIMIT = 500
QUESTION = f"/v1/structures?filter=nelements=2&response_fields=species_at_sites&page_limit={LIMIT}"
PATIENT = {
    "timeouts": {"budget_s": 20},
    "site_defaults": {"attempts": 2, "max_answer_bytes": 4 * 2**20},
}


async def learn(addresses: dict[str, str]) -> Ground:
    """What the sites hold while all is well."""
    found: list[str] = []
    async with gateway(make_config(addresses, **PATIENT), known=addresses) as client:
        url: str | None = QUESTION
        while url is not None:
            page = (await client.get(url)).raise_for_status().json()
            found += ids_of(page)
            url = page["links"].get("next")
    assert len(found) == len(set(found)) == page["meta"]["data_returned"]
    bad = list(addresses)[-1]
    good = [one for one in found if not one.startswith(bad)]
    # real sites hold broken archives of their own
    others = frozenset({"ok", "partial"})
    return Ground(QUESTION, tuple(found), bad, LIMIT, len(good) // 2, 20 + 5, others)


async def main(urls: list[str], since: str) -> int:
    addresses = {f"site-{number}": url for number, url in enumerate(urls, start=1)}
    ground = await learn(addresses)
    print(f"{len(ground.every)} entries, {len(ground.good)} of them at the other sites")
    wrong = 0
    for row in rows()[[row.fault for row in rows()].index(since) :]:
        for phase in PHASES if row.fault in ROWS else ():
            async with proxies({ground.bad: addresses[ground.bad]}) as standing:
                proxy = standing[ground.bad]
                config = make_config({**addresses, ground.bad: proxy.url}, **PATIENT)
                async with gateway(config, known=addresses) as client:
                    # the last count of this filter, as any earlier answer leaves it
                    (await client.get(QUESTION)).raise_for_status()
                    wrong += await logged(Cell(row, phase, client, proxy, ground))
    return 1 if wrong else 0


async def logged(cell: Cell) -> bool:
    """Whether it went wrong, with a line that says how."""
    try:
        await cell.try_it()
    except (AssertionError, TimeoutError, KeyError) as error:
        print(f"WRONG  {cell.row.fault} / {cell.phase}: {error!r}", flush=True)
        return True
    print(f"right  {cell.row.fault} / {cell.phase}: {cell.expected}", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1].split(","), *(sys.argv[2:] or ROWS[:1]))))
