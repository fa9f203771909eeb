"""Leaving a load balancer in time: on SIGTERM, /ready says 503 for a while before the end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class ShutdownState:
    """Whether the server is stopping; one for all apps of a process."""

    is_stopping: bool = False


@contextmanager
def graceful_shutdown(state: ShutdownState, delay_s: Callable[[], float]) -> Iterator[None]:
    """Put the server's own reaction to SIGTERM off by so many seconds; a second signal is not.

    Signals reach the main thread alone, so elsewhere (tests, embedded) nothing is changed.
    """
    react = signal.getsignal(signal.SIGTERM)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(react):
        try:
            yield
        finally:
            state.is_stopping = True
        return
    loop = asyncio.get_running_loop()

    def put_off(number: int, frame: FrameType | None) -> None:
        seconds = delay_s()
        if state.is_stopping or not seconds:
            state.is_stopping = True
            react(number, frame)
            return
        state.is_stopping = True
        loop.call_soon_threadsafe(loop.call_later, seconds, react, number, frame)

    signal.signal(signal.SIGTERM, put_off)
    try:
        yield
    finally:
        state.is_stopping = True
        signal.signal(signal.SIGTERM, react)
