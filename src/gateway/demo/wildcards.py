"""Wildcard patterns as Lucene compiles them, with its limits on how complex one may be."""

import re

from gateway.demo.refusals import RefusalError, elastic_refusal

ANY, ONE = "*", "?"
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
    """Lucene's effort: the sum of the sizes of all sets of states that can be active together."""
    letters = {token for token in tokens if token not in (ANY, ONE)} | {"\\\0"}
    first = _closure(frozenset({0}), tokens)
    seen, waiting, effort = {first}, [first], 0
    while waiting:
        states = waiting.pop()
        effort += sum(not _is_after_star(state, states, tokens) for state in states)
        if effort >= EFFORT:
            return True
        for letter in _useful(states, tokens, letters):
            after = _closure(_step(states, tokens, letter), tokens)
            if after and after not in seen:
                seen.add(after)
                waiting.append(after)
    return False


def _is_after_star(state: int, states: frozenset[int], tokens: tuple[str, ...]) -> bool:
    """Lucene has one state for a star and what follows it."""
    return state - 1 in states and tokens[state - 1] == ANY


def _useful(states: frozenset[int], tokens: tuple[str, ...], letters: set[str]) -> set[str]:
    wanted = {tokens[state] for state in states if state < len(tokens)}
    return (wanted & letters) | {"\\\0"}


def _step(states: frozenset[int], tokens: tuple[str, ...], letter: str) -> frozenset[int]:
    after = set()
    for state in states:
        token = tokens[state] if state < len(tokens) else None
        if token == ANY:
            after.add(state)
        elif token in (ONE, letter):
            after.add(state + 1)
    return frozenset(after)


def _closure(states: frozenset[int], tokens: tuple[str, ...]) -> frozenset[int]:
    """States reached without a character: a star may stand for nothing."""
    reached = set(states)
    for state in sorted(states):
        while state < len(tokens) and tokens[state] == ANY:
            state += 1
            reached.add(state)
    return frozenset(reached)
