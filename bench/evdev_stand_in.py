"""``kassa`` with FIFOs in place of the kernel's input devices, for machines that have none to send events with.

``python -m bench.evdev_stand_in till --config …``: what the till reads is read by evdev's own compiled reader from the
kernel's own records; only finding out about the device and grabbing it, which a FIFO cannot do, are left out.
"""

from __future__ import annotations

import os
import sys

import evdev


class FifoInput(evdev.InputDevice[str]):
    """A device that is a FIFO."""

    def __init__(self, path: str, readonly: bool = True) -> None:
        # For writing, too: so it does not end when whoever writes goes away.
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def grab(self) -> None:
        """Nobody else reads it."""

    def close(self) -> None:
        """Let go; harmless when called again."""
        handle, self.fd = self.fd, -1
        if handle >= 0:
            os.close(handle)

    def __del__(self) -> None:
        self.close()


def main() -> int:
    """Run the program."""
    from kassa_tui.cli import main as kassa

    evdev.InputDevice = FifoInput  # type: ignore[assignment, misc]
    return kassa(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
