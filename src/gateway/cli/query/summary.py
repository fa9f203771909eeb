"""The last lines of a query: how much came, what did not, and how to get it."""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.cli.query.formats import Ending, Unwritten
from gateway.cli.query.resuming import Position
from gateway.errors import GatewayError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a walk ended."""

    ending: Ending
    reason: GatewayError | None
    """Why it broke off; None: it did not."""
    missing: tuple[str, ...]
    """Sites that some page had to do without."""
    is_cut: bool
    """Whether the limit ended it."""

    @property
    def is_whole(self) -> bool:
        """Whether all came that was asked for: the first entries without those of a site are not
        the first entries."""
        return self.reason is None and not (self.is_cut and self.missing)


def outcome_of(
    position: Position, reason: GatewayError | None, missing: tuple[str, ...]
) -> Outcome:
    """How a walk ended that has come so far."""
    is_cut = position.ended_by == "limit"
    ending = Ending(
        position.count,
        is_whole=reason is None and not is_cut,
        query=position.query,
        meta=position.meta,
    )
    return Outcome(ending, reason, missing, is_cut)


def unwritten_lines(unwritten: Unwritten) -> Iterator[str]:
    """Entries that the format cannot hold."""
    if not unwritten.count:
        return
    some = "1 entry" if unwritten.count == 1 else f"{unwritten.count} entries"
    yield f"{some} cannot be written in this format, such as"
    for entry_id, why in unwritten.why.items():
        yield f"  {entry_id}: {why}"


def missing_lines(outcome: Outcome, onward: str) -> Iterator[str]:
    """Why it is not complete; sites that were named already are not named with their reason again.

    `onward` says how to go on with what is missing; empty: not at all.
    """
    missing, ending = outcome.missing, outcome.ending
    if not missing or not all(name in str(outcome.reason) for name in missing):
        yield str(outcome.reason)
    rest = f"those of {' and '.join(missing)}" if missing else "the rest"
    counted = str(ending.count) if missing else f"{ending.count} of {ending.shown_total}"
    how = f"{onward} {rest}" if onward else "a table cannot be resumed"
    yield f"not complete: {counted} entries were written; {how}"
