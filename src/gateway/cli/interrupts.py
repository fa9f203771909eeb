"""What Ctrl-C does: while a command is being loaded it ends all at once, then it is caught."""

import os
import signal
from threading import Thread


def catch_interrupts() -> None:
    """From here on Ctrl-C raises, so that a command can clean up; see `__main__` for before."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def keep_interrupts_from_children() -> None:
    """Processes started from here on do not see Ctrl-C; in this one it is as SIGTERM.

    A terminal sends Ctrl-C to all of them, and a Python that is starting prints a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415  # one command needs it

    resource_tracker.ensure_running()  # when it starts, it unblocks what is blocked here
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    Thread(target=_terminate_on_interrupt, daemon=True).start()


def _terminate_on_interrupt() -> None:
    while True:
        signal.sigwait({signal.SIGINT})
        os.kill(os.getpid(), signal.SIGTERM)
