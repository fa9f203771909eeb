"""Whether a page holds all that its files are made of."""

from gateway.errors import SitesMissingError
from gateway.model import SEPARATOR, SearchAnswer

RETRY_AFTER_S = 5.0


def check_archives(answer: SearchAnswer) -> None:
    """SitesMissingError where archives were not read in time: asking again gets further."""
    late = [one.id for one in answer.resources if one.missing == "late"]
    if not late:
        return
    sites = tuple(dict.fromkeys(id_.partition(SEPARATOR)[0] for id_ in late))
    raise SitesMissingError(
        f"Archives of {len(late)} entries were not read in time, from {', '.join(sites)}; asking "
        "again gets further.",
        sites=sites,
        retry_after_s=RETRY_AFTER_S,
    )
