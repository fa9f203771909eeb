"""What the caller would like to have."""

from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.errors import ParameterError
from gateway.model import JsonObject
from gateway.write import CSV, FORMATS, fields_of

TABLE, JSON, JSONL = "table", "json", "jsonl"
ONE_A_FILE = tuple(name for name, form in FORMATS.items() if not form.is_listing)
"""The formats that hold one entry a file."""
PAGE = 200
"""Entries asked for at a time."""
_SHOWN = ("chemical_formula_reduced", "nelements", "nsites")


@dataclass(frozen=True, slots=True)
class Question:
    """One search; `limit` None is the whole result."""

    filter: str
    sort: str = ""
    fields: str = ""
    sites: str = ""
    limit: int | None = None
    form: str = TABLE


def check_question(question: Question) -> None:
    """Refuse what cannot be meant."""
    if question.fields and question.form in FORMATS and question.form != CSV:
        raise ParameterError(
            f"What a file in {FORMATS[question.form].title} holds is fixed; leave --fields out, or "
            "choose table, jsonl, json or csv."
        )


def fields_for(question: Question, *, prefix: str, is_gateway: bool) -> tuple[str, ...] | None:
    """The properties to ask for; None: what the server gives by itself."""
    if question.fields:
        return tuple(dict.fromkeys(name.strip() for name in question.fields.split(",")))
    if question.form in (JSON, JSONL):
        return None
    names = fields_of(question.form, prefix) if question.form in FORMATS else _shown(prefix)
    return names if is_gateway else tuple(name for name in names if not name.startswith("_"))


def _shown(prefix: str) -> tuple[str, ...]:
    return (*_SHOWN, f"_{prefix}_site")


def query_string(question: Question, *, prefix: str, is_gateway: bool) -> str:
    """The parameters of the first page."""
    limit = PAGE if question.limit is None else min(PAGE, question.limit)
    fields = fields_for(question, prefix=prefix, is_gateway=is_gateway)
    given = {
        "filter": question.filter,
        "page_limit": str(limit),
        "sort": question.sort,
        f"_{prefix}_sites": question.sites,
    }
    pairs = [(name, value) for name, value in given.items() if value]
    if fields is not None:
        pairs.append(("response_fields", ",".join(fields)))
    if is_gateway:
        pairs.append(("include", ""))  # relationships name what is related; no entry needs more
    return urlencode(pairs)


def identity(question: Question, asked_of: str) -> JsonObject:
    """What two runs have to have in common so that one goes on where the other ended."""
    return {
        "source": asked_of,
        "FILTER": question.filter,
        "--sort": question.sort,
        "--fields": question.fields,
        "--sites": question.sites,
        "--limit": question.limit,
        "--format": question.form,
    }
