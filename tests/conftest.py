"""Random tests take as long as the machine needs; `make quick` tries fewer examples.

Tests that need more than `make test` installs say so in one line at the end.
"""

import pytest
from hypothesis import HealthCheck, settings

from tests.web.browser import why_left_out

_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patient", **_PATIENT)  # type: ignore[arg-type]
settings.register_profile("quick", max_examples=10, **_PATIENT)  # type: ignore[arg-type]
settings.load_profile("patient")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Whoever runs all tests is told which ones were not run."""
    reason = why_left_out()
    is_concerned = any("tests/web".startswith(one.rstrip("/")) for one in config.args)
    if reason and (is_concerned or str(config.rootpath / "tests") in config.args):
        terminalreporter.write_line(f"tests/web left out: {reason}")
