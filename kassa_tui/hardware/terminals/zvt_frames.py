"""ZVT on a serial line: frames with doubled ``10`` and a checksum, and one byte that acknowledges them (standards 7.2).

``10 02`` command ``10 03`` and two bytes of CRC, the lower one first; every ``10`` in the command is doubled, those of
the checksum are not. So a reader counts, and never searches for a mark. Pure: bytes in, events out.
"""

from __future__ import annotations

from dataclasses import dataclass

from kassa_tui.hardware.terminals.zvt_bytes import MAX_DATA

DLE, STX, ETX, ACK, NAK = 0x10, 0x02, 0x03, 0x06, 0x15
POLYNOMIAL = 0x8408
MAX_FRAME = MAX_DATA + 5

BAD = "bad"
"""A frame that was damaged."""
TAKEN, AGAIN = "ack", "nak"
Event = bytes | str
"""A command's bytes, or one of the three above."""


def crc(data: bytes) -> int:
    """CRC-16, reflected, beginning at 0, of a command and the ``03`` behind it."""
    value = 0
    for byte in data + bytes([ETX]):
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ POLYNOMIAL if value & 1 else value >> 1
    return value


def frame(apdu: bytes) -> bytes:
    """A command as it travels over a serial line."""
    stuffed = apdu.replace(bytes([DLE]), bytes([DLE, DLE]))
    return bytes([DLE, STX]) + stuffed + bytes([DLE, ETX]) + crc(apdu).to_bytes(2, "little")


@dataclass(slots=True)
class Deframer:
    """Reads a serial line byte by byte."""

    _state: str = "idle"
    _apdu: bytes = b""
    _check: bytes = b""

    @property
    def inside(self) -> bool:
        """A frame has begun and has not ended."""
        return self._state != "idle"

    def drop(self) -> None:
        """Forget the frame that has begun: its end never came."""
        self._state, self._apdu, self._check = "idle", b"", b""

    def feed(self, data: bytes) -> list[Event]:
        """What is complete now."""
        events = []
        for byte in data:
            event = self._step(byte)
            if event is not None:
                events.append(event)
        return events

    def _step(self, byte: int) -> Event | None:
        state = self._state
        if state == "idle":
            self._state = "start" if byte == DLE else "idle"
            return {ACK: TAKEN, NAK: AGAIN}.get(byte)
        if state == "start":
            self._state = "text" if byte == STX else "start" if byte == DLE else "idle"
        elif state == "text":
            if byte == DLE:
                self._state = "escape"
            else:
                return self._take(byte)
        elif state == "escape":
            return self._escaped(byte)
        else:
            self._check += bytes([byte])
            if len(self._check) == 2:
                return self._end()
        return None

    def _escaped(self, byte: int) -> Event | None:
        if byte == DLE:
            self._state = "text"
            return self._take(byte)
        if byte == ETX:
            self._state = "check"
            return None
        # A new frame begins in the middle of one: the old one is lost.
        self.drop()
        self._state = "text" if byte == STX else "idle"
        return BAD

    def _take(self, byte: int) -> Event | None:
        self._apdu += bytes([byte])
        if len(self._apdu) <= MAX_FRAME:
            return None
        self.drop()
        return BAD

    def _end(self) -> Event:
        apdu, check = self._apdu, int.from_bytes(self._check, "little")
        self.drop()
        return apdu if check == crc(apdu) else BAD
