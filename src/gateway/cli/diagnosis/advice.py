"""What to do about a site whose address answers, but not as a NOMAD does."""

from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from gateway.cli.diagnosis.answers import AnswerKind
from gateway.model import Site

OLDEST = (1, 3)
"""The oldest version of NOMAD that the gateway has been tried with."""
_Advice: TypeAlias = Callable[[Site], str]


def advice_on_answer(kind: AnswerKind, site: Site) -> str:
    """What to do where something answers that is not what a NOMAD says."""
    return _ANSWERS[kind](site)


def is_too_old(version: str | None) -> bool:
    """Whether this version of NOMAD is older than any that the gateway has been tried with."""
    numbers = (version or "").split(".")[:2]
    return all(one.isdecimal() for one in numbers) and tuple(map(int, numbers)) < OLDEST


def _denied(site: Site) -> str:
    if site.token:
        return (
            "Its token is not accepted: it may have expired (NOMAD's app tokens live for 30 days "
            "at most unless the Oasis allows more) or belong to another Oasis. Make a new one, see "
            "the guide on private data."
        )
    return (
        "This Oasis answers nobody without a login. Give the gateway an account of its own there "
        "and name its token in `token_env` or `token_file`, see the guide on private data."
    )


def _login(site: Site) -> str:
    return (
        "A login page stands in front of the API, which a program cannot fill in. Ask the "
        f"administrator of the Oasis to let {urlsplit(site.url).path or '/'} through without it; "
        "NOMAD itself keeps what is not public to those who bring a token."
    )


def _missing(site: Site) -> str:
    return (
        "Is this the address of its API? It is that of its web page with /api/v1 in place of /gui "
        "and what follows, and answers JSON at " + f"{site.url}/info."
    )


def _limited(_: Site) -> str:
    return (
        "It has too much to do, or limits how often it may be asked (public NOMAD: about 30 "
        "requests a second, 10 at a time). Set `concurrency` and `rate_per_s` of this site lower, "
        "and divide them by the number of workers and replicas."
    )


def _unhealthy(_: Site) -> str:
    return "The fault is in the Oasis itself; its administrator finds the reason in its log."


def _redirect(_: Site) -> str:
    return "Use the address that it redirects to; the gateway follows redirects within it only."


def _page(_: Site) -> str:
    return "A web page answers there and no API. " + _missing(_)


def _gateway(_: Site) -> str:
    return (
        "Give the addresses of the Oases that it asks (its /info lists them): a gateway "
        "over gateways asks everything twice, or itself without end."
    )


def _optimade(_: Site) -> str:
    return (
        "An OPTIMADE server answers there; the gateway asks NOMAD's own API, which ends in /api/v1."
    )


def _other(_: Site) -> str:
    return "What answers there is not a NOMAD. " + _missing(_)


_ANSWERS: Mapping[AnswerKind, _Advice] = {
    "nomad": _unhealthy,
    "denied": _denied,
    "login": _login,
    "missing": _missing,
    "limited": _limited,
    "unhealthy": _unhealthy,
    "redirect": _redirect,
    "no_tls_expected": lambda _: "Its address begins with https://.",
    "page": _page,
    "gateway": _gateway,
    "optimade": _optimade,
    "other": _other,
}
