"""How NOMAD says no: each kind of refused request as an exception with its status and `detail`."""

from collections.abc import Sequence


class RefusalError(Exception):
    """A request that NOMAD answers with `status` and the JSON document `{"detail": detail}`."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


def elastic_refusal(reason: str, *, kind: str = "search_phase_execution_exception") -> RefusalError:
    """What Elasticsearch does not understand: 400."""
    quote = '"' if "'" in reason else "'"
    return RefusalError(
        400,
        "Elasticsearch could not process your query: "
        f"RequestError(400, '{kind}', {quote}{reason}{quote})",
    )


def query_refusal(message: str, *, loc: Sequence[str]) -> RefusalError:
    """What NOMAD's query translator refuses: 422, `loc` doubly nested."""
    return RefusalError(422, [{"msg": message, "loc": [list(loc)]}])


def model_refusal(
    kind: str, *, loc: Sequence[str], message: str, given: object = None
) -> RefusalError:
    """What NOMAD's request model refuses: 422."""
    return RefusalError(
        422, [{"type": kind, "loc": ["body", *loc], "msg": message, "input": given}]
    )


def crash(exception: str, *, kind: str) -> RefusalError:
    """What makes NOMAD itself fail: 500."""
    return RefusalError(
        500,
        {
            "reason": "Unexpected exception while handling your request",
            "exception": exception,
            "exception_class": kind,
        },
    )
