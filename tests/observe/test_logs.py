"""Each log line has one form, whoever wrote it, and says of which process and request it is."""

import json
import logging
import multiprocessing
import os
import warnings
from collections.abc import Iterator
from datetime import datetime

import pytest

from gateway.observe import bind_request, log, log_answered, set_up_logging

EVERY = ["timestamp", "level", "event", "logger", "pid", "worker"]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, shown = logging.getLogger(), warnings.showwarning
    handlers, level = root.handlers[:], root.level
    logging.captureWarnings(False)  # whoever ran before may have left it so
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)  # which loggers remember
    warnings.showwarning = shown
    bind_request("")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours, the standard library's loggers of fetch and search, uvicorn's, tracebacks, Python's
    warnings: each is one JSON object with the same first fields, and the request's id."""
    set_up_logging("debug", as_json=True)
    bind_request("r-1")
    log().info("configuration read again", sites=["berlin"], odd=object())
    logging.getLogger("gateway.fetch.fanout").warning("site %s is missing: %s", "berlin", "a\nb")
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[1mStarted"})
    log_answered(method="GET", path="/v1/info", status=200, milliseconds=1.5)
    try:
        raise KeyError("fault")
    except KeyError:
        log().exception("unexpected error")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    logged = lines(capsys)
    assert len(logged) == 6
    for line in logged:
        assert list(line)[: len(EVERY)] == EVERY
        assert line["request_id"] == "r-1"
        assert (line["pid"], line["worker"]) == (os.getpid(), 0)
        assert datetime.fromisoformat(str(line["timestamp"])).utcoffset() is not None
        assert "color_message" not in line
    assert logged[1]["event"] == "site berlin is missing: a\nb"
    assert "KeyError: 'fault'" in str(logged[4]["exception"])
    assert (logged[5]["logger"], logged[5]["level"]) == ("py.warnings", "warning")


def test_text_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """As text they hold the same."""
    set_up_logging("info", as_json=False)
    bind_request("r-1")
    log().info("serving", workers=2)
    (line,) = capsys.readouterr().err.splitlines()
    for part in (
        "info",
        "serving",
        f"pid={os.getpid()}",
        "worker=0",
        "workers=2",
        "request_id=r-1",
    ):
        assert part in line


@pytest.mark.parametrize(
    ("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)
def test_levels(capsys: pytest.CaptureFixture[str], level, count: int) -> None:
    """Nothing below the level is written."""
    set_up_logging(level, as_json=True)
    log_answered(is_probe=True, path="/live")
    log_answered(path="/v1/info")
    log().warning("w")
    log().error("e")
    assert len(lines(capsys)) == count


def _write_line() -> None:
    set_up_logging("info", as_json=True)
    log().info("begun")


def test_workers_differ(capfd: pytest.CaptureFixture[str]) -> None:
    """Each process that the first one starts has a number of its own."""
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=_write_line) for _ in range(2)]
    for process in processes:
        process.start()
        process.join()
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["pid"] for line in logged] == [process.pid for process in processes]
    first, second = (line["worker"] for line in logged)
    assert second == first + 1 > 1
