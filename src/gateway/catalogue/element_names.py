"""Names of the chemical elements in English, in lower case, with the other spellings in use."""

from collections.abc import Mapping

_NAMES = """
H hydrogen deuterium tritium, He helium, Li lithium, Be beryllium, B boron, C carbon, N nitrogen,
O oxygen, F fluorine, Ne neon, Na sodium natrium, Mg magnesium, Al aluminium aluminum, Si silicon,
P phosphorus phosphorous, S sulfur sulphur, Cl chlorine, Ar argon, K potassium kalium, Ca calcium,
Sc scandium, Ti titanium, V vanadium, Cr chromium, Mn manganese, Fe iron ferrum, Co cobalt,
Ni nickel, Cu copper cuprum, Zn zinc, Ga gallium, Ge germanium, As arsenic, Se selenium,
Br bromine, Kr krypton, Rb rubidium, Sr strontium, Y yttrium, Zr zirconium, Nb niobium columbium,
Mo molybdenum, Tc technetium, Ru ruthenium, Rh rhodium, Pd palladium, Ag silver argentum,
Cd cadmium, In indium, Sn tin stannum, Sb antimony stibium, Te tellurium, I iodine, Xe xenon,
Cs caesium cesium, Ba barium, La lanthanum, Ce cerium, Pr praseodymium, Nd neodymium,
Pm promethium, Sm samarium, Eu europium, Gd gadolinium, Tb terbium, Dy dysprosium, Ho holmium,
Er erbium, Tm thulium, Yb ytterbium, Lu lutetium lutecium, Hf hafnium, Ta tantalum,
W tungsten wolfram, Re rhenium, Os osmium, Ir iridium, Pt platinum, Au gold aurum,
Hg mercury hydrargyrum, Tl thallium, Pb lead plumbum, Bi bismuth, Po polonium, At astatine,
Rn radon, Fr francium, Ra radium, Ac actinium, Th thorium, Pa protactinium, U uranium,
Np neptunium, Pu plutonium, Am americium, Cm curium, Bk berkelium, Cf californium, Es einsteinium,
Fm fermium, Md mendelevium, No nobelium, Lr lawrencium, Rf rutherfordium, Db dubnium,
Sg seaborgium, Bh bohrium, Hs hassium, Mt meitnerium, Ds darmstadtium, Rg roentgenium,
Cn copernicium, Nh nihonium, Fl flerovium, Mc moscovium, Lv livermorium, Ts tennessine,
Og oganesson
"""

ISOTOPES: Mapping[str, str] = {"D": "H", "T": "H"}
"""Symbols of isotopes, which OPTIMADE counts as their element."""

SYMBOL_OF: Mapping[str, str] = {
    name: words[0] for words in (one.split() for one in _NAMES.split(",")) for name in words[1:]
}
