"""What Ctrl-C does: while a command is being loaded it ends all at once, then it is caught."""

import signal


def catch_interrupts() -> None:
    """From here on Ctrl-C raises, so that a command can clean up; see `__main__` for before."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
