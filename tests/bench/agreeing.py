"""That the servers of a benchmark do the same work: the same full page, from all sites."""

from typing import Any

import httpx

from tests.bench.gateway_process import PREFIX
from tests.bench.load import distinct_filter

PAGE = 20


class DisagreementError(Exception):
    """What is measured is not the same work."""


def check_page(gateway: str, *, sites: int, bare: str | None = None) -> None:
    """One page of the gateway is full and whole, and the bare fan-out's holds the same entries."""
    text = distinct_filter()
    document = _page(gateway, text)
    states = [one["state"] for one in document["meta"][f"_{PREFIX}_sites"]]
    if states != ["ok"] * sites:
        raise DisagreementError(f"sites are {states}")
    found = [one["attributes"]["immutable_id"] for one in document["data"]]
    if len(set(found)) != PAGE or found != sorted(found):
        raise DisagreementError(f"the page holds {found}")
    if any(one["attributes"]["lattice_vectors"] is None for one in document["data"]):
        raise DisagreementError("archives are missing")
    if bare is not None:
        other = [one["entry_id"] for one in _page(bare, text)["data"]]
        if other != found:
            raise DisagreementError(f"gateway: {found}, fan-out: {other}")


def _page(base: str, text: str) -> Any:
    answer = httpx.get(f"{base}/v1/structures", params={"filter": text}, timeout=30)
    return answer.raise_for_status().json()
