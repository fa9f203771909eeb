"""Demo Oases: small ASGI apps that answer like real NOMAD Oases over published structures.

In: JSON lines of a demo site, of a file, or given ones. Out: an ASGI app. `cli` serves them, and
they are the fakes of the tests; nothing else imports them. `tests/contract` sends the same requests
to them and to real Oases.
"""

from dataclasses import dataclass

from gateway.demo.oasis import create_demo_oasis


@dataclass(frozen=True, slots=True)
class DemoSite:
    """One of the demo Oases; `name` is also the name of its data."""

    name: str
    title: str
    description: str


DEMO_SITES = (
    DemoSite("berlin", "Berlin demo Oasis", "AFLOW prototypes and elemental crystals."),
    DemoSite("munich", "Munich demo Oasis", "Molecules, minerals and disordered crystals."),
    DemoSite("dresden", "Dresden demo Oasis", "Layers, slabs, minerals and prototypes."),
)

__all__ = ["DEMO_SITES", "DemoSite", "create_demo_oasis"]
