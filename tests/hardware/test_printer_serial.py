"""The serial printer over a pseudo-terminal: every byte arrives, and a line that is not there says so."""

from __future__ import annotations

import os
import pty
import threading
import tty

import pytest

from kassa_tui.hardware.printer import PrinterError, make_transport


def test_every_byte_arrives() -> None:
    far, near = pty.openpty()
    tty.setraw(near)
    sent, got = bytes(range(256)) * 40, bytearray()

    def listen() -> None:
        while len(got) < len(sent):
            got.extend(os.read(far, 4096))

    listener = threading.Thread(target=listen)
    listener.start()
    make_transport({"kind": "serial", "path": os.ttyname(near), "baud": 115200}).deliver(sent)
    listener.join(timeout=20)
    os.close(far)
    os.close(near)
    assert bytes(got) == sent


def test_a_line_that_is_not_there() -> None:
    with pytest.raises(PrinterError) as caught:
        make_transport({"kind": "serial", "path": "/dev/kassa-none"}).deliver(b"x")
    assert caught.value.code == "printer_unreachable"


@pytest.mark.parametrize("framing", ["9N1", "8X1", "8N3", ""])
def test_a_framing_that_does_not_exist(framing: str) -> None:
    with pytest.raises(PrinterError) as caught:
        make_transport({"kind": "serial", "path": "/dev/ttyS0", "framing": framing})
    assert caught.value.code == "printer_config"
