"""An answer that waits for its client: whether the client takes any of it."""

_TAKEN_BYTES = 16 * 1024
"""What a client must at least take of a waiting answer in each `write_s`."""


class UnsentAnswer:
    """What of an answer one client has not taken yet."""

    def __init__(self, *, write_s: float) -> None:
        self._write_s = write_s
        self.since: float | None = None
        """Since when it waits for its client; None: it does not."""
        self._unsent = 0
        self._taken = 0

    def waits(self, now: float) -> None:
        """The client does not take it as fast as it is made."""
        if self.since is None:
            self.since, self._taken = now, 0

    def is_stuck(self, now: float, *, unsent: int) -> bool:
        """Whether the client has taken next to nothing for too long; `unsent` bytes are left."""
        before, self._unsent = self._unsent, unsent
        if not unsent:
            self.since = None
            return False
        self._taken += before - unsent
        is_fresh = unsent > before  # more was written, which waits for what came before it
        if self.since is None or is_fresh or self._taken >= _TAKEN_BYTES:
            self.since, self._taken = now, 0
            return False
        return now - self.since > self._write_s
