"""Log lines: request ids, one form for all loggers, and the line that each request has.

In: events of ours, records of the standard library's loggers. Out: lines on standard error.
"""

import logging
import multiprocessing
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import orjson
import structlog

_REQUEST_ID: ContextVar[str] = ContextVar("gateway_request_id", default="")
_SHOWN = 200
"""Characters of a path that logs show."""
_OF_RECORDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
"""What every log record has; anything else is a field. uvicorn repeats its messages in colours."""


def _add_request_id(
    logger: logging.Logger, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    del logger, method
    if request_id := _REQUEST_ID.get():
        event["request_id"] = request_id
    return event


_STANDARD = logging.getLogger("gateway")
_LOG: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    _STANDARD,
    processors=[_add_request_id, structlog.stdlib.render_to_log_kwargs],
    wrapper_class=structlog.stdlib.BoundLogger,
)


def log() -> structlog.stdlib.BoundLogger:
    """The gateway's logger, on top of the standard library's: an app that embeds it decides."""
    return _LOG


def log_answered(*, is_probe: bool = False, **fields: object) -> None:
    """The one line that each request has; those of probes, many and all alike, are for debugging.

    It is made by hand: finding out which line of code logs, for any record, takes longer than all
    the rest.
    """
    level = logging.DEBUG if is_probe else logging.INFO
    if not _STANDARD.isEnabledFor(level):
        return
    record = logging.LogRecord(_STANDARD.name, level, "", 0, "answered", None, None)
    vars(record).update(fields, request_id=_REQUEST_ID.get())
    _STANDARD.handle(record)


def shown_path(path: str) -> str:
    """A request's path as logs show it: escaped, and not longer than anybody reads."""
    shown = quote(path[:_SHOWN])
    return shown if len(path) <= _SHOWN else f"{shown}.."


def set_up_logging(level: Literal["debug", "info", "warning", "error"], *, as_json: bool) -> None:
    """Send all logs, the libraries' and Python's warnings too, to stderr in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines() if as_json else _TextLines())
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = (
        False  # nobody reads it
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for noisy in ("httpx", "uvicorn.access"):  # each request is logged once, by this gateway
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    """A log record as one line; written by hand, as each request has one."""

    def __init__(self) -> None:
        super().__init__()
        self._process = {"pid": os.getpid(), "worker": _worker()}

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the record says, in the order in which it is shown."""
        fields: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **self._process,
        }
        fields |= {name: one for name, one in vars(record).items() if name not in _OF_RECORDS}
        if "request_id" not in fields and (request_id := _REQUEST_ID.get()):
            fields["request_id"] = request_id
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return fields


class _JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(self.fields(record), default=str).decode()


class _TextLines(_Lines):
    """Time, level, event and the other fields, for people."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        exception = fields.pop("exception", None)
        timestamp, level, event, *_ = fields.values()
        rest = " ".join(f"{name}={one}" for name, one in [*fields.items()][3:])
        line = f"{timestamp} {level:<8}{event}  {rest}"
        return line if exception is None else f"{line}\n{exception}"


def _worker() -> int:
    """Which of the processes that the first one has started this is; 0: it is the first one."""
    if multiprocessing.parent_process() is None:
        return 0
    number = multiprocessing.current_process().name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def bind_request(request_id: str) -> None:
    """From here on, all log lines of this task carry the request's id."""
    _REQUEST_ID.set(request_id)
