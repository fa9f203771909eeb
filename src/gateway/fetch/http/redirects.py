"""Where a redirect leads, if that is still the same site; else a Fault."""

import httpx

from gateway.fetch.http.faults import Fault, plain, quoted

MAX_REDIRECTS = 3


def redirect_target(url: str, location: str | None, *, status: int, token: str | None) -> str:
    """The address to ask instead of `url`: of the same scheme, host and port."""
    if location is None:
        raise Fault(f"HTTP {status} that names no other address")
    here = httpx.URL(url)
    try:
        target = here.join(location).copy_with(userinfo=b"")
    except (httpx.InvalidURL, ValueError):
        raise Fault("redirects to an address that cannot be read") from None
    if target.host != here.host:
        shown = quoted(target.host, token=token)
        raise Fault(f"redirects to another host ({shown or 'none'})")
    if (target.scheme, target.port) != (here.scheme, here.port):
        where = f"{target.scheme}, port {target.port or 'of its scheme'}"
        raise Fault(f"redirects to another address of its host ({plain(where)})")
    return str(target)


def too_many_redirects() -> Fault:
    """The fault of a site that redirects on and on."""
    return Fault(f"redirects more than {MAX_REDIRECTS} times")
