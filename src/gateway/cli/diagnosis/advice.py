"""What to do about a site that cannot be used, for each way in which that can be."""

import os
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from gateway.cli.diagnosis.answers import AnswerKind
from gateway.cli.diagnosis.typed_address import is_local
from gateway.config.checks import DEFAULT_PORTS
from gateway.fetch.http.reachability import Trouble
from gateway.model import Site

OLDEST = (1, 3)
"""The oldest version of NOMAD that the gateway has been tried with."""
_Advice: TypeAlias = Callable[[Site], str]


def advice_on_trouble(trouble: Trouble, site: Site) -> str:
    """What to do where nothing answers."""
    return _TROUBLES[trouble](site)


def advice_on_answer(kind: AnswerKind, site: Site) -> str:
    """What to do where something answers that is not what a NOMAD says."""
    return _ANSWERS[kind](site)


def is_too_old(version: str | None) -> bool:
    """Whether this version of NOMAD is older than any that the gateway has been tried with."""
    numbers = (version or "").split(".")[:2]
    return all(one.isdecimal() for one in numbers) and tuple(map(int, numbers)) < OLDEST


def _dns(site: Site) -> str:
    host = _host(site)
    return (
        f"Check the spelling of {host!r}. If it is right, this machine cannot look it up "
        f"(`getent hosts {host}`): perhaps the name is known inside a network (VPN) only, or, in a "
        "container, its DNS is not set."
    )


def _refused(site: Site) -> str:
    inside = (
        " In a container 127.0.0.1 and localhost are the container itself: use the name or the "
        "address of the machine."
        if is_local(_host(site))
        else ""
    )
    return f"Is the Oasis running, and is its port {_port(site)}?{inside}"


def _timeout(site: Site) -> str:
    return (
        f"Either a firewall drops what is sent to {_host(site)}:{_port(site)}, or the Oasis is "
        "slow. Try `curl -m 30 -sS -o /dev/null -w '%{time_connect} %{time_total}\\n' "
        f"{site.url}/info` on this machine: if it answers late, raise `connect_s` or `site_s` of "
        f"this site.{_proxy_hint(site)}"
    )


def _unreachable(site: Site) -> str:
    return (
        f"No way leads from this machine to {_host(site)}:{_port(site)}: check the network and its "
        f"firewall.{_proxy_hint(site)}"
    )


def _proxy_hint(site: Site) -> str:
    names = [name for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
             if os.environ.get(name)]  # fmt: skip
    if site.proxy or not names:
        return ""
    return (
        f" {names[0]} is set here, but the gateway goes through a proxy only where the site's "
        "`proxy` says so."
    )


def _closed(site: Site) -> str:
    wrong = "https://" if site.url.startswith("http:") else "http://"
    return f"Something listens there that does not speak like this; perhaps it wants {wrong}."


def _no_tls(site: Site) -> str:
    return (
        f"Port {_port(site)} speaks no TLS. If the Oasis has no HTTPS, its address begins with "
        "http:// (then everything, tokens too, can be read on the way); otherwise the port is "
        "another one."
    )


def _tls(site: Site) -> str:
    return (
        "Its TLS does not fit ours: it may be too old (the gateway wants TLS 1.2 or newer) or want "
        f"a certificate of its clients. `openssl s_client -connect {_peer(site)}` says more."
    )


def _unknown_issuer(site: Site) -> str:
    if site.ca_file:
        return (
            f"The certificates in {site.ca_file} (ca_file) do not include the authority that "
            f"signed this one. {_which_issuer(site)}"
        )
    return (
        f"This machine does not know the authority that signed it. {_which_issuer(site)} Get that "
        "authority's certificate (a PEM file) from the administrator of the Oasis and name it in "
        "`ca_file` of this site. If the authority is a public one, the Oasis does not send its "
        "intermediate certificates, which its administrator has to add."
    )


def _self_signed(site: Site) -> str:
    return (
        "It is signed by itself, so no authority vouches for it. Get it (a PEM file) from the "
        "administrator of the Oasis in a way that you trust, and name it in `ca_file` of this "
        f"site.{' The one named there now is another.' if site.ca_file else ''}"
    )


def _expired(site: Site) -> str:
    return (
        "Its dates do not hold today: the administrator of the Oasis has to renew it, unless this "
        f"machine's clock is wrong (`date`). `{_openssl(site)} | openssl x509 -noout -dates` shows "
        "them."
    )


def _other_name(site: Site) -> str:
    return (
        f"It is for another name than {_host(site)!r}: use the name that it is for. "
        f"`{_openssl(site)} | openssl x509 -noout -ext subjectAltName` shows it."
    )


def _certificate(site: Site) -> str:
    return f"`{_openssl(site)} | openssl x509 -noout -text` shows it."


def _which_issuer(site: Site) -> str:
    return f"`{_openssl(site)} | openssl x509 -noout -issuer` says which."


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


def _ill(_: Site) -> str:
    return "The fault is in the Oasis itself; its administrator finds the reason in its log."


def _redirect(_: Site) -> str:
    return "Use the address that it redirects to; the gateway follows redirects within it only."


def _page(_: Site) -> str:
    return "A web page answers there and no API. " + _missing(_)


def _optimade(_: Site) -> str:
    return (
        "An OPTIMADE server answers there; the gateway asks NOMAD's own API, which ends in /api/v1."
    )


def _other(_: Site) -> str:
    return "What answers there is not a NOMAD. " + _missing(_)


def _host(site: Site) -> str:
    return urlsplit(site.url).hostname or ""


def _port(site: Site) -> int:
    parts = urlsplit(site.url)
    return parts.port or DEFAULT_PORTS[parts.scheme]


def _peer(site: Site) -> str:
    return f"{_host(site)}:{_port(site)}"


def _openssl(site: Site) -> str:
    return f"openssl s_client -connect {_peer(site)} -servername {_host(site)} </dev/null"


_TROUBLES: Mapping[Trouble, _Advice] = {
    "dns": _dns,
    "refused": _refused,
    "timeout": _timeout,
    "closed": _closed,
    "no_tls": _no_tls,
    "tls": _tls,
    "self_signed": _self_signed,
    "unknown_issuer": _unknown_issuer,
    "expired": _expired,
    "other_name": _other_name,
    "certificate": _certificate,
    "unreachable": _unreachable,
}
_ANSWERS: Mapping[AnswerKind, _Advice] = {
    "nomad": _ill,
    "denied": _denied,
    "login": _login,
    "missing": _missing,
    "limited": _limited,
    "ill": _ill,
    "redirect": _redirect,
    "no_tls_expected": lambda _: "Its address begins with https://.",
    "page": _page,
    "optimade": _optimade,
    "other": _other,
}
