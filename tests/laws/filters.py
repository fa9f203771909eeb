"""Random filters over every property of structures and every operator, mostly of real values.

All choices come from one `random.Random`, so a seed repeats a run.
"""

from collections.abc import Callable, Sequence
from random import Random

from tests.laws.constants import ODD_NUMBERS, Constants
from tests.laws.evaluator import Entry
from tests.laws.phrases import Group, Leaf, Not, Phrase

STRINGS = (
    "chemical_formula_descriptive", "chemical_formula_reduced", "chemical_formula_hill",
    "chemical_formula_anonymous", "id", "immutable_id", "type", "_fed_site", "_fed_upload_id",
    "space_group_symbol_hall", "space_group_symbol_hermann_mauguin",
)  # fmt: skip
INTEGERS = ("nelements", "nsites", "nperiodic_dimensions", "space_group_it_number")
MEASURED = (
    "elements", "elements_ratios", "structure_features", "dimension_types", "lattice_vectors",
    "cartesian_site_positions", "species_at_sites",
)  # fmt: skip
"""Lists whose length can be asked."""
NAMED = ("_fed_datasets", "_fed_dois", "_fed_authors")
"""Lists of texts without a vocabulary."""
ABSENT = (
    "space_group_symmetry_operations_xyz", "space_group_symbol_hermann_mauguin_extended",
    "fractional_site_positions", "site_coordinate_span", "site_coordinate_span_description",
    "assemblies", "wyckoff_positions", "optimization_type",
)  # fmt: skip
OTHERS = (
    "species", "species.name", "species.chemical_symbols", "species.concentration", "species.mass",
    "_fed_entry_page", "_fed_api_url", "_fed_license", "last_modified",
)  # fmt: skip
FOREIGN = ("_exmpl_x", "_exmpl_band_gap", "_mp_stability.energy", "_dft_x_y")

EVERY = (*STRINGS, *INTEGERS, *MEASURED, *NAMED, *ABSENT, *OTHERS, *FOREIGN)
OPERATORS = ("<", "<=", "=", "!=", ">", ">=")
MATCHES = ("CONTAINS", "STARTS WITH", "STARTS", "ENDS WITH", "ENDS")
STARTS = ("STARTS WITH", "STARTS")
_MIRROR = {"<": ">", "<=": ">=", "=": "=", "!=": "!=", ">": "<", ">=": "<="}
_MOST_ITEMS = 5


class FilterMaker:
    """Makes filters whose constants are drawn from the given entries, and beside them."""

    def __init__(self, random: Random, entries: Sequence[Entry]) -> None:
        self._random = random
        self._constants = Constants(random, entries)
        self._leaves: tuple[tuple[int, Callable[[], str]], ...] = (
            (6, self._string),
            (6, self._integer),
            (3, self._timestamp),
            (6, self._match),
            (5, self._elements),
            (3, self._ratios),
            (5, self._zip),
            (3, self._features),
            (4, self._names),
            (3, self._dimensions),
            (3, self._length),
            (3, self._known),
            (2, self._bare),
            (1, self._absent),
            (2, self._foreign),
            (1, self._numbers),
        )

    def filter(self) -> Phrase:
        """Mostly a few leaves, sometimes one, sometimes a deep or a wide filter."""
        shape = self._random.random()
        if shape < 0.4:
            return self.signed_leaf()
        if shape < 0.43:
            return self._chain(self._random.randint(8, 30))
        if shape < 0.45:
            return self._wide(self._random.randint(20, 120))
        return self._group(self._random.randint(0, 3))

    def signed_leaf(self) -> Phrase:
        """One leaf, perhaps negated."""
        leaf = Leaf(self.leaf())
        return Not(leaf) if self._random.random() < 0.35 else leaf

    def leaf(self) -> str:
        """One comparison."""
        weights = [weight for weight, _ in self._leaves]
        ((_, make),) = self._random.choices(self._leaves, weights)
        return make()

    def _group(self, depth: int) -> Phrase:
        parts = tuple(
            self._group(depth - 1) if depth and self._random.random() < 0.4 else self.signed_leaf()
            for _ in range(self._random.choice((2, 2, 3)))
        )
        group = Group(self._random.choice(("AND", "OR")), parts)
        return Not(group) if self._random.random() < 0.25 else group

    def _chain(self, levels: int) -> Phrase:
        phrase = self.signed_leaf()
        for level in range(levels):
            word = (
                self._random.choice(("AND", "OR")) if level % 5 == 0 else ("AND", "OR")[level % 2]
            )
            phrase = Group(word, (self.signed_leaf(), phrase))
            if self._random.random() < 0.3:
                phrase = Not(phrase)
        return phrase

    def _wide(self, width: int) -> Phrase:
        maker = self._random.choice((self._string, self._integer, self._elements, self.leaf))
        return Group(self._random.choice(("AND", "OR")), tuple(Leaf(maker()) for _ in range(width)))

    # Scalars

    def _string(self) -> str:
        name = self._random.choice(STRINGS)
        return self._comparison(name, self._constants.text(name))

    def _integer(self) -> str:
        name = self._random.choice(INTEGERS)
        return self._comparison(name, self._constants.integer(name))

    def _timestamp(self) -> str:
        return self._comparison("last_modified", self._constants.timestamp())

    def _match(self) -> str:
        name = self._random.choice(STRINGS)
        return f"{name} {self._random.choice(MATCHES)} {self._constants.text(name)}"

    def _comparison(self, name: str, constant: str) -> str:
        op = self._random.choice(OPERATORS)
        space = self._random.choice((" ", " ", ""))
        if self._random.random() < 0.25:
            return f"{constant}{space}{_MIRROR[op]}{space}{name}"
        return f"{name}{space}{op}{space}{constant}"

    # Lists

    def _elements(self) -> str:
        return f"elements HAS {self._items(self._element_test)}"

    def _ratios(self) -> str:
        return f"elements_ratios HAS {self._items(self._ratio_test)}"

    def _zip(self) -> str:
        names = [
            self._random.choice(("elements", "elements_ratios"))
            for _ in range(self._random.randint(2, 3))
        ]
        if self._random.random() < 0.6:
            names = ["elements", "elements_ratios"]
            self._random.shuffle(names)
        return f"{':'.join(names)} HAS {self._items(lambda: self._zipped(names))}"

    def _zipped(self, names: Sequence[str]) -> str:
        if self._random.random() < 0.5 and set(names) == {"elements", "elements_ratios"}:
            element, ratio = self._constants.pair()
            values = {"elements": element, "elements_ratios": ratio}
            ops = {"elements": ("", "", "!="), "elements_ratios": ("", ">=", "<=", ">", "<")}
            return ":".join(self._random.choice(ops[name]) + values[name] for name in names)
        tests = {"elements": self._element_test, "elements_ratios": self._ratio_test}
        return ":".join(tests[name]() for name in names)

    def _features(self) -> str:
        if self._random.random() < 0.15:
            items = self._items(lambda: f"{self._feature_test()}:{self._feature_test()}")
            return f"structure_features:structure_features HAS {items}"
        return f"structure_features HAS {self._items(self._feature_test)}"

    def _names(self) -> str:
        name = self._random.choice(NAMED)

        def test() -> str:
            op = self._random.choice(("", *OPERATORS, *STARTS))
            return f"{op} {self._constants.text(name)}"

        if self._random.random() < 0.15:
            return f"{name}:{name} HAS {self._items(lambda: f'{test()}:{test()}')}"
        return f"{name} HAS {self._items(test)}"

    def _dimensions(self) -> str:
        def test() -> str:
            number = self._random.choice(("0", "1", "1", *ODD_NUMBERS))
            return self._random.choice(("", *OPERATORS)) + number

        if self._random.random() < 0.15:
            items = self._items(lambda: f"{test()}:{test()}")
            return f"dimension_types:dimension_types HAS {items}"
        return f"dimension_types HAS {self._items(test)}"

    def _length(self) -> str:
        name = self._random.choice(MEASURED)
        op = self._random.choice(("", *OPERATORS))
        return f"{name} LENGTH {op}{self._constants.integer(name)}"

    def _items(self, test: Callable[[], str]) -> str:
        quantifier = self._random.choice(("", "", "ALL ", "ANY ", "ONLY "))
        size = self._random.randint(1, _MOST_ITEMS) if quantifier else 1
        return quantifier + ", ".join(test() for _ in range(size))

    def _element_test(self) -> str:
        return self._list_test(self._constants.element())

    def _feature_test(self) -> str:
        return self._list_test(self._constants.feature())

    def _list_test(self, constant: str) -> str:
        if self._random.random() < 0.55:
            return constant
        return f"{self._random.choice((*OPERATORS, *MATCHES))} {constant}"

    def _ratio_test(self) -> str:
        return self._random.choice(("", *OPERATORS)) + self._constants.ratio()

    # The rest

    def _known(self) -> str:
        return f"{self._random.choice(EVERY)} IS {self._random.choice(('KNOWN', 'UNKNOWN'))}"

    def _bare(self) -> str:
        return self._random.choice(EVERY)

    def _absent(self) -> str:
        return self._random.choice(
            (
                'site_coordinate_span_description STARTS WITH "P"',
                '"x" != space_group_symbol_hermann_mauguin_extended',
                'wyckoff_positions HAS ONLY "a", != "b"',
                "assemblies LENGTH < 3",
                'optimization_type != "none"',
                'space_group_symmetry_operations_xyz HAS "x,y,z"',
                "fractional_site_positions LENGTH 4",
                'elements:wyckoff_positions HAS "Si":"a"',
            )
        )

    def _foreign(self) -> str:
        name = self._random.choice(FOREIGN)
        return self._random.choice(
            (
                f"{name} < 2",
                f'{name} != "x"',
                f"TRUE = {name}",
                f'{name} CONTAINS ""',
                f'{name} HAS ONLY "a", > 3',
                f"{name} LENGTH >= 0",
                f'elements:{name} HAS ANY "Si":6, "O":!=2',
            )
        )

    def _numbers(self) -> str:
        one, other = self._constants.integer("nsites"), self._constants.integer("nelements")
        return f"{one} {self._random.choice(OPERATORS)} {other}"
