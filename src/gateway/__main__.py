"""`python -m gateway` and `gateway` are the command line.

Worker processes import this module too; they need nothing of the command line.
"""

import signal


def run() -> None:
    """The command line; until a command begins to work, Ctrl-C ends it without a trace."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gateway.cli import main

    main()


if __name__ == "__main__":
    run()
