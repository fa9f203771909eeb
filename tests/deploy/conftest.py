"""The gateway over the demo's Oases, as for the pages."""

from tests.docs.conftest import demo, oases, without_munich

__all__ = ["demo", "oases", "without_munich"]
