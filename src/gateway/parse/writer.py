"""Tree -> filter text with no needless parentheses; reading it gives the tree again."""

from typing import TypeAlias, assert_never

from gateway.parse.tree import (
    And,
    Bare,
    Boolean,
    Compare,
    Fuzzy,
    Has,
    Known,
    Leaf,
    Length,
    Name,
    Node,
    Not,
    Number,
    Operand,
    Or,
    String,
    Test,
)

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})
_Piece: TypeAlias = Node | str


def write_filter(node: Node) -> str:
    """The filter's text; what always holds is written `1 = 1`, what never does `1 = 0`."""
    words: list[str] = []
    todo: list[_Piece] = [node]
    while todo:
        piece = todo.pop()
        if isinstance(piece, str):
            words.append(piece)
        else:
            todo.extend(reversed(_pieces(piece)))
    return "".join(words)


def _pieces(node: Node) -> list[_Piece]:
    match node:
        case And(()):
            return ["1 = 1"]
        case Or(()):
            return ["1 = 0"]
        case And(parts):
            return _spread(" AND ", [_inside(part, (Or,)) for part in parts])
        case Or(parts):
            return _spread(" OR ", [[part] for part in parts])
        case Not(part):
            return ["NOT ", *_inside(part, (And, Or, Not))]
        case _:
            return [_leaf(node)]


def _spread(word: str, parts: list[list[_Piece]]) -> list[_Piece]:
    pieces = list(parts[0])
    for part in parts[1:]:
        pieces += [word, *part]
    return pieces


def _inside(part: Node, loose: tuple[type[Node], ...]) -> list[_Piece]:
    """The part, in parentheses where it binds more loosely than what is around it."""
    return ["(", part, ")"] if isinstance(part, loose) else [part]


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Compare(left, op, right):
            return f"{_operand(left)} {op} {_operand(right)}"
        case Fuzzy(subject, op, value):
            return f"{subject.name} {_test(Test(op, value))}"
        case Known(subject, known):
            return f"{subject.name} IS {'KNOWN' if known else 'UNKNOWN'}"
        case Bare(subject):
            return subject.name
        case Has():
            return _has(leaf)
        case Length(subject, op, value):
            return f"{subject.name} LENGTH {_test(Test(op, value))}"
        case _:
            assert_never(leaf)


def _has(leaf: Has) -> str:
    lists = ":".join(subject.name for subject in leaf.subjects)
    items = ", ".join(":".join(map(_test, item)) for item in leaf.items)
    single = leaf.quantifier == "ANY" and len(leaf.items) == 1
    return f"{lists} HAS {items}" if single else f"{lists} HAS {leaf.quantifier} {items}"


def _test(test: Test) -> str:
    match test.op:
        case "=":
            return _operand(test.value)
        case "STARTS" | "ENDS":
            return f"{test.op} WITH {_operand(test.value)}"
        case _:
            return f"{test.op} {_operand(test.value)}"


def _operand(value: Operand) -> str:
    match value:
        case Name():
            return value.name
        case String(text):
            return f'"{text.translate(_ESCAPES)}"'
        case Number(number):
            return str(number)
        case Boolean(truth):
            return "TRUE" if truth else "FALSE"
        case _:
            assert_never(value)
