"""Wildcard patterns as Lucene compiles them, with its limits on how complex one may be."""

import re
from collections.abc import Iterator

from gateway.demo.refusals import RefusalError, elastic_refusal

ANY, ONE, OTHER = "*", "?", ""
EFFORT = 100_000  # Lucene's 10,000 states, ten steps each
LONGEST_START = 999  # characters before the first star: Lucene walks them recursively


def compile_wildcard(pattern: str) -> re.Pattern[str]:
    """A regular expression for the whole value, or Elasticsearch's refusal."""
    tokens = split_pattern(pattern)
    _check_complexity(tokens)
    return re.compile("".join(map(_as_regex, tokens)), re.DOTALL)


def split_pattern(pattern: str) -> tuple[str, ...]:
    """`*`, `?` and literal characters, these with a backslash before them."""
    tokens: list[str] = []
    rest = iter(pattern)
    for char in rest:
        if char == "\\":
            tokens.append("\\" + next(rest, "\\"))  # a lone backslash at the end is itself
        else:
            tokens.append(char if char in (ANY, ONE) else "\\" + char)
    return tuple(tokens)


def _as_regex(token: str) -> str:
    if token == ANY:
        return ".*"
    return "." if token == ONE else re.escape(token[1:])


def _check_complexity(tokens: tuple[str, ...]) -> None:
    start = tokens.index(ANY) if ANY in tokens else len(tokens)
    if start > LONGEST_START:
        raise elastic_refusal(f"failed to create query: input automaton is too large: {start + 1}")
    if len(tokens) > 100 and (_spends_too_much(tokens) or _is_wide(tokens)):
        raise _too_complex(tokens)


def _too_complex(tokens: tuple[str, ...]) -> RefusalError:
    return elastic_refusal(
        f"failed to create query: Determinizing automaton with {2 * len(tokens)} states and "
        f"{2 * len(tokens) + 1} transitions would require more than 10000 effort."
    )


def _is_wide(tokens: tuple[str, ...]) -> bool:
    """Characters beyond ASCII make about 55 states each in the UTF-8 automaton."""
    wide = sum(ord(token[-1]) > 127 for token in tokens)
    return 55.2 * wide * tokens.count(ANY) > 2 * EFFORT


def _spends_too_much(tokens: tuple[str, ...]) -> bool:
    """Lucene's effort: the sum of the sizes of all sets of states that can be active together.

    State 2k is before token k, state 2k + 1 within the star that token k is.
    """
    first: frozenset[int] = frozenset({int(tokens[0] == ANY)})
    seen, waiting, effort = {first}, [first], 0
    while waiting:
        states = waiting.pop()
        effort += len(states)
        if effort >= EFFORT:
            return True
        for letter in _letters(states, tokens):
            after = frozenset(_step(states, tokens, letter))
            if after and after not in seen:
                seen.add(after)
                waiting.append(after)
    return False


def _letters(states: frozenset[int], tokens: tuple[str, ...]) -> set[str]:
    """The characters that make a difference here, and one that stands for all others."""
    letters = {OTHER}
    for state in states:
        at = state // 2
        while tokens[at : at + 1] == (ANY,):
            at += 1
        letters.update(tokens[at : at + 1])
    return letters - {ONE}


def _step(states: frozenset[int], tokens: tuple[str, ...], letter: str) -> Iterator[int]:
    for state in states:
        at = state // 2
        while tokens[at : at + 1] == (ANY,):
            yield 2 * at + 1
            at += 1
        if tokens[at : at + 1] in ((ONE,), (letter,)):
            yield 2 * at + 2
