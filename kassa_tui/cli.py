"""``kassa``: the first sign of life, then everything else.

Nothing but ``os`` and ``sys`` is imported here: on a slow board the first line is on the screen before the rest of the
program has been found on the card.
"""

import os
import sys

SPLASH = "Kassa start …\n"
ON_SCREEN = ("till", "demo")


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code. 0 done, 1 something is wrong, 2 wrong use or configuration, 3 a device, disk or
    network could not be reached, 4 refused. A fault of the program itself is 1 too, with a line that names the log."""
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in ON_SCREEN and _plain(words[1:]) and os.isatty(0) and os.isatty(1):
        # The usual start of a till: straight to its first frame, without what the other commands need.
        _sign_of_life()
        import gc

        gc.disable()  # nothing that is imported is garbage; the till turns it on again when it has settled
        # asyncio loads ssl for connections of its own, which a screen has none of; who needs it later imports it.
        sys.modules["ssl"] = None  # type: ignore[assignment]
        from kassa_tui.app import start

        del sys.modules["ssl"]
        return start(words[0] == "demo", dict(zip(words[1::2], words[2::2], strict=True)))
    from kassa_tui.commands.dispatch import dispatch

    return dispatch(words)


def _plain(options: list[str]) -> bool:
    return (
        len(options) % 2 == 0
        and set(options[::2]) <= {"--config", "--data"}
        and not any(value.startswith("-") for value in options[1::2])
    )


def _sign_of_life() -> None:
    os.write(1, SPLASH.encode())


if __name__ == "__main__":
    sys.exit(main())
