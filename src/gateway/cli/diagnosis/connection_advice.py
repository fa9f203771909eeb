"""What to do about a site from which no answer comes, for each way in which that can be."""

import os
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from gateway.cli.diagnosis.typed_address import is_local
from gateway.config.checks import DEFAULT_PORTS
from gateway.fetch.http.reachability import Trouble
from gateway.model import Site

_Advice: TypeAlias = Callable[[Site], str]


def advice_on_trouble(trouble: Trouble, site: Site) -> str:
    """What to do where nothing answers."""
    return _TROUBLES[trouble](site)


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
        f"This machine has no route to {_host(site)}:{_port(site)}: check the network and its "
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
        "The TLS handshake fails: it may be too old (the gateway wants TLS 1.2 or newer) or want "
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
        "It is signed by itself, so no authority has signed it. Get it (a PEM file) from the "
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
