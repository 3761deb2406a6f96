"""``kassa``: the first sign of life, then everything else.

Nothing but ``os`` and ``sys`` is imported here: on a slow board the first line is on the screen before the rest of the
program has been found on the card.
"""

import os
import sys

SPLASH = "Kassa start …\r\n"
ON_SCREEN = ("till", "demo")


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code. 0 done, 1 something is wrong, 2 wrong use or configuration, 3 a device, disk or
    network could not be reached, 4 refused. A fault of the program itself is 1 too, with a line that names the log."""
    words = sys.argv[1:] if argv is None else argv
    if any(word in ON_SCREEN for word in words[:3]) and not {"-h", "--help"} & set(words):
        _sign_of_life()
    from kassa_tui.commands.dispatch import dispatch

    return dispatch(words)


def _sign_of_life() -> None:
    for handle in (2, 1):
        if os.isatty(handle):
            os.write(handle, SPLASH.encode())
            return


if __name__ == "__main__":
    sys.exit(main())
