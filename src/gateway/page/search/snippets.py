"""The same search for other programs, as texts to copy."""

import shlex
from dataclasses import dataclass

from gateway.page.search.address import PageAddress


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text to copy."""

    title: str
    name: str
    """For the address of its place in the page."""
    text: str


def snippets_of(address: PageAddress, *, base_url: str) -> tuple[Snippet, ...]:
    """The search in a shell and in Python; `base_url` is the OPTIMADE base URL."""
    text = address.filter
    return (
        Snippet("curl", "curl", _curl(address, base_url)),
        Snippet("optimade-get", "optimade-get", _optimade_get(text, base_url)),
        Snippet("pymatgen", "pymatgen", _pymatgen(text, base_url)),
        Snippet("ASE", "ase", _ase(text, base_url)),
    )


def _curl(address: PageAddress, base_url: str) -> str:
    pairs = address.first.pairs()
    options = "".join(
        f" \\\n  --data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in pairs
    )
    return f"curl -G {shlex.quote(f'{base_url}/v1/structures')}{options}"


def _optimade_get(text: str, base_url: str) -> str:
    asked = f" --filter {shlex.quote(text)}" if text else ""
    return f"pip install 'optimade[http-client]'\noptimade-get{asked} {shlex.quote(base_url)}"


def _pymatgen(text: str, base_url: str) -> str:
    return f"""\
from pymatgen.ext.optimade import OptimadeRester

with OptimadeRester({_python(base_url)}, timeout=60) as rester:
    found = rester.get_structures_with_filter({_python(text)})
structures = [one for by_id in found.values() for one in by_id.values()]"""


def _ase(text: str, base_url: str) -> str:
    return f"""\
from optimade.adapters import Structure
from optimade.client import OptimadeClient

url = {_python(base_url)}
asked = {_python(text)}
client = OptimadeClient(base_urls=[url])
found = client.get(asked)["structures"][asked][url]["data"]
atoms = [Structure(entry).convert("ase") for entry in found]"""


def _python(text: str) -> str:
    return repr(text)
