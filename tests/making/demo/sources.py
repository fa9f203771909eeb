"""The collections that the demo data come from: package, licence, what to cite."""

from tests.making.demo.sample import Source

AFLOW = Source(
    "AFLOW Library of Crystallographic Prototypes",
    "nomad-lab (nomad/aflow_prototypes.py)",
    "Apache-2.0",
    "10.1016/j.commatsci.2017.01.017",
    "XRD",
)
AFLOW_PRIMITIVE = Source(
    "AFLOW Library of Crystallographic Prototypes, primitive cells",
    "pymatgen (pymatgen/analysis/prototypes)",
    "MIT",
    "10.1016/j.commatsci.2017.01.017",
    "XRD",
)
G2 = Source("G2/97 molecules", "ASE (ase.collections.g2)", "LGPL-2.1", "10.1063/1.473182", "MP2")
DCDFT = Source(
    "Delta project elemental crystals (PBE, WIEN2k)",
    "ASE (ase.collections.dcdft)",
    "LGPL-2.1",
    "10.1126/science.aad3000",
    "DFT",
)
S22 = Source("S22 and S26 dimers", "ASE (ase.data.s22)", "LGPL-2.1", "10.1039/b600027d", "MP2")
S22X5 = Source("S22x5 dimers", "ASE (ase.data.s22)", "LGPL-2.1", "10.1021/ct1002253", "MP2")
DBH24 = Source(
    "DBH24/08 reaction barriers", "ASE (ase.data.dbh24)", "LGPL-2.1", "10.1021/ct800568m", "QCISD"
)
COD = Source(
    "Crystallography Open Database",
    "crystals (crystals/cifs) and ASE (ase/test/testdata/minerals)",
    "CC0-1.0",
    "10.1107/S0021889809016690",
    "XRD",
)
PYMATGEN = Source(
    "pymatgen example structures", "pymatgen (pymatgen/util/structures)", "MIT", None, "DFT"
)
BUILT = Source(
    "Slabs, sheets and tubes cut from published lattice constants",
    "ASE (ase.build, ase.data.reference_states)",
    "LGPL-2.1",
    None,
    "model",
)
