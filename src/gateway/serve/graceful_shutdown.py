"""Leaving a load balancer in time: on SIGTERM, /ready says 503 for a while before the end."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class ShutdownState(Protocol):
    """Whatever knows whether the server is stopping."""

    is_shutting_down: bool


@contextmanager
def is_shutting_down(app_state: ShutdownState, seconds: float) -> Iterator[None]:
    """Put the server's own reaction to SIGTERM off by so many seconds; a second signal is not.

    Signals reach the main thread alone, so elsewhere (tests, embedded) nothing is changed.
    """
    react = signal.getsignal(signal.SIGTERM)
    is_main = threading.current_thread() is threading.main_thread()
    if not seconds or not is_main or not callable(react):
        yield
        return
    loop = asyncio.get_running_loop()

    def put_off(number: int, frame: FrameType | None) -> None:
        if app_state.is_shutting_down:
            react(number, frame)
            return
        app_state.is_shutting_down = True
        loop.call_soon_threadsafe(loop.call_later, seconds, react, number, frame)

    signal.signal(signal.SIGTERM, put_off)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, react)
