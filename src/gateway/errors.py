"""Every error the gateway raises, as one tree; a class is one thing its receiver can do about it.

GatewayError
├── RequestError            the caller can mend the request (`parameter` names the part at fault)
│   ├── FilterError         its filter (`column` is 1-based; None: no single place)
│   │   ├── FilterSyntaxError     not in the grammar
│   │   ├── FilterLimitError      longer, deeper or wider than the configured limits
│   │   ├── UnknownPropertyError  a name that this entry type does not have
│   │   ├── FilterValueError      a value that cannot be read, e.g. a bad timestamp
│   │   └── NotImplementedFilterError   valid OPTIMADE that is answered with 501 and a reason
│   ├── ParameterError      a query parameter
│   ├── PageLimitError      page_limit above the maximum
│   ├── VersionError        an API version that is not served
│   ├── NotImplementedParameterError  a parameter that is answered with 501
│   ├── MediaTypeError      a body of a type that is not understood
│   ├── TooLargeError       a body that no allowed filter needs
│   ├── NotAcceptableError  only media types wanted that are not served
│   ├── MethodError         an HTTP method that the endpoint does not know
│   └── NotFoundError       no such endpoint
│       └── NoFileError     an entry that a format of files cannot hold
├── SiteNeededError         what was asked depends on the site, and none was given
├── SitesMissingError       sites that hold (part of) the answer do not answer now
├── OverloadError           the gateway itself has too much to do
├── NativeError             a request in NOMAD's own API, answered as NOMAD would: status, detail
├── ConfigError             the configuration file or environment
└── SiteError               one site's failure; a value to the search, never shown as it is
    └── AnswerTooLargeError its answer is larger than allowed
"""

from collections.abc import Iterable


class GatewayError(Exception):
    """The root; `str(error)` is a full sentence for the person who caused or meets it."""


class RequestError(GatewayError):
    """The request cannot be answered as it stands; `parameter` names the query parameter."""

    def __init__(self, detail: str, *, parameter: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.parameter = parameter


class FilterError(RequestError):
    """The filter cannot be answered; `column` counts characters from 1."""

    def __init__(self, detail: str, *, column: int | None = None) -> None:
        super().__init__(detail, parameter="filter")
        self.column = column


class FilterSyntaxError(FilterError):
    """The filter is not in the grammar: what was found at `column`, what was expected there."""

    def __init__(self, text: str, *, column: int, found: str, expected: tuple[str, ...]) -> None:
        wanted = f"; expected {_either(expected)}" if expected else ""
        super().__init__(
            f"The filter cannot be read at column {column}: found {found}{wanted}.", column=column
        )
        self.text = text
        self.found = found
        self.expected = expected


class FilterLimitError(FilterError):
    """The filter is longer, deeper or wider than this server accepts."""


class UnknownPropertyError(FilterError):
    """The property does not exist on this entry type; `suggestions` are the nearest names, `hint`
    says what to write where a value was meant."""

    def __init__(
        self,
        name: str,
        *,
        entry_type: str,
        suggestions: tuple[str, ...] = (),
        hint: str = "",
        column: int | None,
    ) -> None:
        aside = f" ({hint})" if hint else ""
        meant = f" Did you mean {_either(suggestions)}?" if suggestions else ""
        super().__init__(f"{entry_type} have no property {name!r}{aside}.{meant}", column=column)
        self.name = name
        self.suggestions = suggestions


class FilterValueError(FilterError):
    """A value cannot be read as the property's type demands, e.g. a timestamp without a time."""


class NotImplementedFilterError(FilterError):
    """Valid OPTIMADE that this server does not answer; the sentence says why (HTTP 501)."""


class ParameterError(RequestError):
    """A query parameter is unknown, malformed or out of its range."""


class PageLimitError(RequestError):
    """`page_limit` is above the maximum; clients read the text's numbers as allowed limits."""

    def __init__(self, asked: int, *, maximum: int) -> None:
        super().__init__(
            f"Max allowed page_limit is {maximum}, you requested {asked}", parameter="page_limit"
        )


class VersionError(RequestError):
    """An API version that is not served (HTTP 553)."""


class MediaTypeError(RequestError):
    """The request body's type is not understood."""


class NotFoundError(RequestError):
    """There is no such endpoint."""


class NoFileError(NotFoundError):
    """There is no file of this entry in this format; the sentence says why."""


class NotImplementedParameterError(RequestError):
    """A valid OPTIMADE parameter that this server does not answer (HTTP 501)."""


class MethodError(RequestError):
    """The endpoint does not know this HTTP method; `allowed` are those it knows."""

    def __init__(self, detail: str, *, allowed: str) -> None:
        super().__init__(detail)
        self.allowed = allowed


class NotAcceptableError(RequestError):
    """The client accepts no media type that is served (HTTP 406)."""


class TooLargeError(RequestError):
    """The body of the request is larger than any allowed filter needs (HTTP 413)."""


class SiteNeededError(GatewayError):
    """The query depends on the site it is sent to, and no site was given."""


class SitesMissingError(GatewayError):
    """Sites that hold the answer, or the rest of it, do not answer now; try again later.

    `others_are_done`: the sites that did answer have nothing, or nothing more, for it.
    """

    def __init__(
        self,
        detail: str,
        *,
        sites: tuple[str, ...],
        retry_after_s: float,
        others_are_done: bool = False,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.sites = sites
        self.others_are_done = others_are_done
        self.retry_after_s = retry_after_s


class OverloadError(GatewayError):
    """The gateway has more requests than it can answer in time; try again later."""

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class NativeError(GatewayError):
    """A request in NOMAD's own API that is not answered as it stands.

    Here alone an error below `serve` holds an HTTP status: it is NOMAD's own word, often a site's,
    like `detail`, which is a sentence or NOMAD's list of what is wrong.
    """

    def __init__(
        self,
        status: int,
        detail: object,
        *,
        retry_after_s: float | None = None,
        allowed: str | None = None,
    ) -> None:
        super().__init__(str(detail))
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.allowed = allowed


class ConfigError(GatewayError):
    """The configuration is wrong; the sentence names file, line or key, and what is allowed."""


class SiteError(GatewayError):
    """One request to one site failed: what was being done and what happened.

    `retry_after_s` is what the site asked for, if it did; `refused` is True when the site answered
    that the request itself is wrong (4xx), so that asking again is no use; `status` is that of its
    answer, None when there was none; `circuit_open`: it was not asked, as its circuit is open;
    `is_timeout`: it did not answer in time; `detail` is what a NOMAD says of a request that it
    refuses, as JSON.
    """

    def __init__(
        self,
        site: str,
        *,
        doing: str,
        happened: str,
        retry_after_s: float | None = None,
        refused: bool = False,
        status: int | None = None,
        circuit_open: bool = False,
        is_timeout: bool = False,
        detail: object = None,
    ) -> None:
        super().__init__(f"{doing} from {site}: {happened}")
        self.site = site
        self.doing = doing
        self.happened = happened
        self.retry_after_s = retry_after_s
        self.refused = refused
        self.status = status
        self.circuit_open = circuit_open
        self.is_timeout = is_timeout
        self.detail = detail


class AnswerTooLargeError(SiteError):
    """The answer is larger than allowed; asking for less may help."""


def unknown_site(name: str, *, sites: Iterable[str]) -> str:
    """The sentence for a site's name that is not configured."""
    known = tuple(sites)
    listed = (
        f"the only site is {known[0]}" if len(known) == 1 else f"the sites are {', '.join(known)}"
    )
    return f"There is no site {name[:80]!r}; {listed}."


def _either(words: tuple[str, ...]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
