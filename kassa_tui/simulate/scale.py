"""A scale on a pseudo-terminal that speaks the real bytes: for tests, for training, and for who builds around the till.

It can be put under any weight, moved, overloaded, switched off and made to talk nonsense while it runs.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass

STABLE, MOTION, OVERLOAD, UNDER_ZERO = "stable", "motion", "overload", "under_zero"
SILENT, GARBAGE = "silent", "garbage"
NOISE = b"\x00\xff\x02??\r\n\x03\x1b"
KINDS = ("toledo8217", "mtsics", "nci", "adam", "dialog06")


@dataclass(slots=True)
class Pan:
    """What lies on the scale, and how it is with it; may be changed from any thread while it is asked."""

    thousandths: int = 0
    """Of a kilogram."""
    state: str = STABLE
    polynomial: int = 0x1021
    """Of a Dialog 06 scale; it asks for proof first where ``challenges`` is above 0."""
    challenges: int = 0


class ScaleSimulator:
    """Bytes in, bytes out; knows nothing of ports."""

    def __init__(self, kind: str, pan: Pan) -> None:
        self.pan = pan
        self._speak = {"toledo8217": self._toledo, "mtsics": self._sics, "nci": self._nci, "adam": self._adam,
                       "dialog06": self._dialog}[kind]  # fmt: skip
        self._heard = b""
        self._price, self._asked = 0, ""
        self._number = b""
        self._told: int | None = None

    def hear(self, data: bytes) -> bytes:
        """What it answers to these bytes; nothing while it is silent."""
        self._heard += data
        if self.pan.state == SILENT:
            self._heard = b""
            return b""
        if self.pan.state == GARBAGE:
            self._heard = b""
            return NOISE
        return self._speak()

    def _lines(self, end: bytes) -> list[bytes]:
        *whole, self._heard = self._heard.split(end)
        return whole

    def _toledo(self) -> bytes:
        commands, self._heard = self._heard, b""
        kilograms = b"%02d.%03d" % divmod(self.pan.thousandths, 1000)
        status = {MOTION: 0x41, OVERLOAD: 0x42, UNDER_ZERO: 0x44}.get(self.pan.state)
        answer = b"\x02" + kilograms + b"\r" if status is None else b"\x02?" + bytes((status,)) + b"\r"
        return answer * commands.count(b"W")

    def _sics(self) -> bytes:
        out = b""
        shown = b"%d.%03d" % divmod(self.pan.thousandths, 1000)
        for line in self._lines(b"\r\n"):
            if line not in (b"SI", b"S"):
                out += b"ES\r\n"
                continue
            sign = {OVERLOAD: b"S +", UNDER_ZERO: b"S -"}.get(self.pan.state)
            letter = b"D" if self.pan.state == MOTION else b"S"
            out += (sign or b"S " + letter + b" " + shown.rjust(9) + b" kg") + b"\r\n"
        return out

    def _nci(self) -> bytes:
        out = b""
        shown = b"%02d.%03d" % divmod(self.pan.thousandths, 1000)
        first = 0x30 | (self.pan.state == MOTION) | (not self.pan.thousandths) << 1
        second = 0x30 | (self.pan.state == UNDER_ZERO) | (self.pan.state == OVERLOAD) << 1
        for line in self._lines(b"\r"):
            known = line.strip() in (b"W", b"S")
            out += b"\n" + shown + b"KG\r\nS" + bytes((first, second)) + b"\r\x03" if known else b"\n?\r\x03"
        return out

    def _adam(self) -> bytes:
        """Answers only when the weight has changed since it last answered, and only at rest."""
        asked = any(line == b"P" for line in self._lines(b"\r\n"))
        if not asked or self.pan.state != STABLE or self.pan.thousandths == self._told:
            return b""
        self._told = self.pan.thousandths
        return b"GS %7d.%03d kg\r\n" % divmod(self.pan.thousandths, 1000)

    def _dialog(self) -> bytes:
        out = b""
        while self._heard:
            if self._heard.startswith(b"\x04\x02"):
                record, ended, rest = self._heard.partition(b"\x03")
                if not ended:
                    break
                self._heard = rest
                out += self._dialog_record(record[2:4], record[5:])
            elif self._heard.startswith(b"\x04\x05"):
                self._heard = self._heard[2:]
                out += self._dialog_result()
            elif self._heard == b"\x04":
                break
            else:
                self._heard = self._heard[1:]
        return out if out else b""

    def _dialog_record(self, number: bytes, body: bytes) -> bytes:
        if number == b"08":
            return b"\x0209\x1b" + self._dialog_status() + b"\x03"
        if number == b"10":
            return self._dialog_proof(body)
        self._price = int(body[:6]) if body[:6].isdigit() else 0
        if self.pan.challenges > 0:
            self._asked = "A5"
            return b"\x0211\x1b2A5\x03"
        return b"\x06" if self._price else b"\x15"

    def _dialog_proof(self, body: bytes) -> bytes:
        """Take the number back to what it was before it was turned; the scale's own sum must come to the same."""
        first, second = (int(turn, 16) for turn in self._asked or "00")
        try:
            turned = int(body[:4], 16)
        except ValueError:
            return b"\x15"
        number = (turned >> first | turned << (16 - first)) & 0xFFFF
        rest, divisor = number << 16, 0x10000 | self.pan.polynomial
        while rest.bit_length() > 16:
            rest ^= divisor << (rest.bit_length() - 17)
        wanted = (rest >> second | rest << (16 - second)) & 0xFFFF
        self._number = b"1" if body[4:8] == b"%04X" % wanted else b"0"
        return b"\x06"

    def _dialog_result(self) -> bytes:
        if self._number:
            told, self._number = self._number, b""
            if told == b"1":
                self.pan.challenges -= 1
            return b"\x0211\x1b" + told + b"\x03"
        if self._dialog_status() != b"00":
            return b"\x15"
        total = (self.pan.thousandths * self._price + 500) // 1000
        return b"\x0202\x1b3\x1b%05d\x1b%06d\x1b%06d\x03" % (self.pan.thousandths, self._price, total)

    def _dialog_status(self) -> bytes:
        numbers = {MOTION: b"20", OVERLOAD: b"32", UNDER_ZERO: b"31"}
        return numbers.get(self.pan.state, b"00" if self.pan.thousandths else b"30")


def serve(handle: int, kind: str, pan: Pan, stop: Callable[[], bool] = lambda: False) -> None:
    """Answer on an open terminal or pipe end until ``stop`` says so or the other side goes away; blocks."""
    scale = ScaleSimulator(kind, pan)
    while not stop():
        try:
            if not select.select([handle], [], [], 0.1)[0]:
                continue
            data = os.read(handle, 4096)
            if not data:
                return
            os.write(handle, scale.hear(data))
        except OSError:
            return


class PtyScale:
    """A scale at the far end of a pseudo-terminal, answering on a thread of its own; ``path`` is for the till."""

    def __init__(self, kind: str, pan: Pan | None = None) -> None:
        import pty
        import tty

        self.pan = pan or Pan()
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=serve, args=(self._far, kind, self.pan, self._ended.is_set), name="scale-simulator", daemon=True
        )
        self._thread.start()

    def unplug(self) -> None:
        """The other side sees the line go away; harmless when called again."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join(2)
            os.close(self._far)
            os.close(self._near)
