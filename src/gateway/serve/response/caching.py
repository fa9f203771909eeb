"""Who may keep an answer, and for how long: its `Cache-Control`."""

from gateway.model import SearchAnswer
from gateway.serve.request.context import RequestContext

NO_STORE = "no-store"
"""Nobody may keep it."""
ASK_AGAIN = "no-cache"
"""It may be kept, and is used after the server has said that it still holds (304)."""


def cache_control(answer: SearchAnswer, context: RequestContext, *, complete: str) -> str:
    """`complete` where the answer is complete and for everybody; else nobody may keep it."""
    if context.caller.token:
        return f"private, {NO_STORE}"
    if any(report.state in ("failed", "partial", "stale") for report in answer.reports):
        return NO_STORE
    return complete
