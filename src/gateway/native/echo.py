"""The query as answers repeat it: those with archives say `op` for every operator."""

from gateway.model import Json

OPERATORS = ("and", "or", "not")
LISTS = ("all", "any", "none")


def plain_echo(echo: Json) -> Json:
    """The echo of `entries/query` as `entries/archive/query` writes it."""
    if not isinstance(echo, dict):
        return echo
    for operator in OPERATORS:
        if operator in echo:
            inner = echo[operator]
            if isinstance(inner, list):
                return {"op": [plain_echo(one) for one in inner]}
            return {"op": plain_echo(inner)}
    if "prefix" in echo:
        return {"prefix": echo["prefix"], "query": plain_echo(echo.get("query"))}
    value = echo.get("value")
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in LISTS:
        return {**echo, "value": {"op": next(iter(value.values()))}}
    return echo
