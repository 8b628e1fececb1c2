"""`python -m unstill`, and where the `unstill` script begins. Ctrl-C is quiet from here on.

Nothing is imported before that is arranged; later the command line listens for itself.
"""

import os

_STOPPED = 130
"""128 and the number of SIGINT, as shells have it."""


def main() -> None:
    """The console script."""
    try:
        import signal

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, lambda *_: os._exit(_STOPPED))

        from unstill.wiring import main as carry_out

        carry_out()
    except KeyboardInterrupt:
        os._exit(_STOPPED)


if __name__ == "__main__":
    main()
