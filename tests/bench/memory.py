"""The resident memory of a server, looked at while something else goes on."""

import threading
from dataclasses import dataclass, field
from statistics import median
from types import TracebackType

from tests.bench.processes import Running

MIB = 2**20


@dataclass
class MemoryWatch:
    """Samples of a server's memory, taken while the context is open."""

    server: Running
    every_s: float = 0.25
    samples: list[int] = field(default_factory=list)

    def __enter__(self) -> "MemoryWatch":
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def begin(self) -> float:
        """The first sample, in MiB."""
        return self.samples[0] / MIB

    @property
    def end(self) -> float:
        """The last sample, in MiB."""
        return self.samples[-1] / MIB

    @property
    def most(self) -> float:
        """The largest sample, in MiB."""
        return max(self.samples) / MIB

    @property
    def quarters(self) -> list[float]:
        """Medians of each quarter of the time, in MiB."""
        size = max(1, len(self.samples) // 4)
        parts = [self.samples[i * size : (i + 1) * size] for i in range(4)]
        return [median(part) / MIB for part in parts if part]

    def _watch(self) -> None:
        self.samples.append(self.server.memory_bytes())
        while not self._over.wait(self.every_s):
            self.samples.append(self.server.memory_bytes())
        self.samples.append(self.server.memory_bytes())
