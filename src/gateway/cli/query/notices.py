"""What a server warns of, in plain words, each once."""

from gateway.cli.query.progress import Reporter
from gateway.cli.query.server import Server, in_options
from gateway.cli.query.walking import Page, reports_of

_MOST = 20
"""More warnings than these read nobody."""
_OF_SITES = ("site_failed", "site_stale")


class Notices:
    """Says what is missing as soon as it is known."""

    def __init__(self, server: Server, reporter: Reporter) -> None:
        self._server = server
        self._reporter = reporter
        self._shown: set[str] = set()
        self.missing: dict[str, str] = {}
        """Sites that some page had to do without, and why."""

    def read(self, page: Page) -> None:
        """What is new on this page."""
        for report in reports_of(page.meta, self._server):
            name, reason = str(report.get("name")), str(report.get("reason"))
            if report.get("state") == "failed" and name not in self.missing:
                self.missing[name] = reason
                self._reporter.say(f"{name} is missing: {reason}")
            elif report.get("state") == "stale":
                self._say(f"{name} does not answer now; its entries are from an earlier answer")
        warnings = page.meta.get("warnings")
        for one in warnings if isinstance(warnings, list) else ():
            if isinstance(one, dict) and not self._is_of_site(one.get("code")):
                detail = " ".join(str(one.get("detail") or one.get("title") or "").split())
                self._say(f"warning: {in_options(detail, self._server.prefix)}")

    def _say(self, text: str) -> None:
        if text in self._shown or len(self._shown) > _MOST:
            return
        self._shown.add(text)
        is_last = len(self._shown) > _MOST
        self._reporter.say("warning: further warnings are not shown" if is_last else text)

    def _is_of_site(self, code: object) -> bool:
        """Whether the sites' own reports say it already."""
        own = f"_{self._server.prefix}_"
        return self._server.is_gateway and str(code).removeprefix(own) in _OF_SITES
