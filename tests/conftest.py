"""Random tests take as long as the machine needs; `make quick` tries fewer examples.

Tests that need more than `make test` installs say so in one line at the end.
"""

import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

from tests.web.browser import ONE_PROCESS, why_left_out

_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patient", **_PATIENT)  # type: ignore[arg-type]
settings.register_profile("quick", max_examples=10, **_PATIENT)  # type: ignore[arg-type]
settings.load_profile("patient")

if find_spec("sniffio") is None:  # httpx looks for it anew, in every folder, at each request
    sys.modules["sniffio"] = None  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands that run in this process set up logging: the next test finds it as this one did."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    yield
    if (root.level, root.handlers) != (level, handlers):
        root.setLevel(level)
        root.handlers[:] = handlers


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """The garbage collector leaves alone what lives until the end, modules and tests, and looks
    for cycles as seldom as in a worker of the gateway."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Whoever runs all tests is told which ones were not run."""
    is_spread = getattr(config.option, "dist", "no") != "no"
    reason = why_left_out() or (ONE_PROCESS if is_spread else None)
    asked = {(config.invocation_params.dir / one.split("::")[0]).resolve() for one in config.args}
    holds_them = any(one in (config.rootpath / "tests" / "web").parents for one in asked)
    if reason and holds_them:
        terminalreporter.write_line(f"tests/web left out: {reason}")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """More workers than cores: some tests wait for the deadlines that are shipped, up to 30 s.

    Without these, as in `make quick`, one more will do: each worker collects all tests anew.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if config.getoption("markexpr") == "not slow":
        return (cores or 1) + 1
    return min(2 * (cores or 1), (cores or 1) + 4)
