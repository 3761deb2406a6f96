"""Roads to a printer: a file or device node, a network socket, or the screen.

python-escpos' own connections send a receipt in hundreds of small writes, wait up to a minute, and fail with an
AssertionError when opening failed before. These deliver one byte string, within one deadline for the whole delivery,
and raise `PrinterError` and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import select
import socket
import stat
import struct
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from kassa_tui.hardware.printer_line import Line

UNREACHABLE = "printer_unreachable"
TIMEOUT = "printer_timeout"
REFUSED = "printer_refused"
DISK_FULL = "disk_full"
CONFIG = "printer_config"

PORT = 9100
"""The raw printing port of nearly every network printer."""
TIMEOUT_S = 3.0
_SETTLE_S = 0.01
_FULL = (errno.ENOSPC, errno.EDQUOT)


Address = tuple[socket.AddressFamily, tuple[str, int]]
_Answer = OSError | UnicodeError | list[Address]


class PrinterError(Exception):
    """A delivery that failed: a code and the facts that belong in its message."""

    def __init__(self, code: str, facts: Mapping[str, object], *, doubt: bool = False) -> None:
        super().__init__(f"{code} {dict(facts)}")
        self.code = code
        self.facts = dict(facts)
        self.doubt = doubt
        """Bytes of the job may have reached the paper."""


class Transport(Protocol):
    """Takes the bytes of one job to the paper."""

    def deliver(self, data: bytes) -> None:
        """Raises `PrinterError`; with ``doubt`` where the job may have printed in part."""


@runtime_checkable
class Road(Transport, Protocol):
    """A transport on which the printer can answer."""

    timeout_s: float
    """Longest time for opening it, and in which a printer that takes bytes must take some."""

    def open(self) -> Line:
        """Raises `PrinterError`."""

    def key(self) -> str:
        """Which printer this is, for what is learned about it."""


class FileTransport:
    """Appends to a file or writes to a device node (``/dev/usb/lp0``); in a folder each job is a file of its own."""

    def __init__(self, path: Path, timeout_s: float = TIMEOUT_S) -> None:
        self.path = path
        self.timeout_s = timeout_s

    def deliver(self, data: bytes) -> None:
        """A job that does not fit on the disk leaves a file as it was before."""
        deadline = time.monotonic() + self.timeout_s
        rest = memoryview(data)
        try:
            handle, job = self._opened()
            try:
                while rest:
                    rest = _write_some(handle, rest, deadline)
            except OSError:
                if _taken_back(handle, len(data) - len(rest), job):
                    rest = memoryview(data)
                raise
            finally:
                os.close(handle)
        except TimeoutError as error:
            facts = {"path": str(self.path), "seconds": self.timeout_s}
            raise PrinterError(TIMEOUT, facts, doubt=len(rest) < len(data)) from error
        except OSError as error:
            code = DISK_FULL if error.errno in _FULL else UNREACHABLE
            facts = {"path": str(self.path), "reason": name_of(error)}
            raise PrinterError(code, facts, doubt=len(rest) < len(data)) from error

    def _opened(self) -> tuple[int, Path | None]:
        """The open file, and its path where it was made for this job."""
        # Without O_NONBLOCK a printer out of paper, or a pipe that nobody reads, would hold the till for ever.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
        if not self.path.is_dir():
            return os.open(self.path, flags | os.O_APPEND | os.O_CREAT, 0o600), None
        number = max((int(path.stem) for path in self.path.glob("*.bin") if path.stem.isdecimal()), default=0)
        while True:
            number += 1
            try:
                job = self.path / f"{number:06d}.bin"
                return os.open(job, flags | os.O_CREAT | os.O_EXCL, 0o600), job
            except FileExistsError:
                continue


class NetworkTransport:
    """One TCP connection a job."""

    def __init__(self, host: str, port: int = PORT, timeout_s: float = TIMEOUT_S) -> None:
        self.host = host
        self.port = port
        self.timeout_s = timeout_s

    def deliver(self, data: bytes) -> None:
        """Returns when the printer's network card has acknowledged every byte; only its status would prove paper."""
        deadline, doubt = time.monotonic() + self.timeout_s, False
        try:
            with self._connected(deadline) as connection:
                connection.settimeout(_left(deadline))
                doubt = True
                connection.sendall(data)
                _settle(connection, deadline)
        except OSError as error:
            raise self._failed(error, doubt) from error

    def open(self) -> Line:
        """A connection that stays."""
        from kassa_tui.hardware.printer_line import Line

        try:
            connection = self._connected(time.monotonic() + self.timeout_s)
        except OSError as error:
            raise self._failed(error, False) from error
        # Three bytes of question must not wait for the acknowledgement of what went before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Line(connection.fileno(), self._facts(), connection.close, socket=True)

    def key(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def _failed(self, error: OSError, doubt: bool) -> PrinterError:
        if isinstance(error, TimeoutError):
            return PrinterError(TIMEOUT, {**self._facts(), "seconds": self.timeout_s}, doubt=doubt)
        # A connection that was reset is no longer connected when its end is to be shut.
        gone = isinstance(error, ConnectionError) or error.errno == errno.ENOTCONN
        facts = {**self._facts(), "reason": name_of(error)}
        return PrinterError(REFUSED if gone else UNREACHABLE, facts, doubt=doubt)

    def _facts(self) -> dict[str, object]:
        return {"host": self.host, "port": self.port}

    def _connected(self, deadline: float) -> socket.socket:
        """The first of the host's addresses that answers."""
        failure: OSError = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
        for family, address in resolve(self.host, self.port, deadline):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(_left(deadline))
                connection.connect(address)
                return connection
            except OSError as error:
                connection.close()
                failure = error
        raise failure


class DeviceTransport(FileTransport):
    """A printer's own device file, ``/dev/usb/lp0``: the kernel passes on what the printer answers."""

    def open(self) -> Line:
        """Both ways, or only out where the file may not be read."""
        from kassa_tui.hardware.printer_line import Line

        try:
            try:
                handle = self._handle(os.O_RDWR)
            except PermissionError:
                handle = self._handle(os.O_WRONLY)
        except OSError as error:
            raise PrinterError(UNREACHABLE, {"path": str(self.path), "reason": name_of(error)}) from error
        return Line(handle, {"path": str(self.path)}, lambda: os.close(handle), socket=False)

    def _opened(self) -> tuple[int, None]:
        return self._handle(os.O_WRONLY), None

    def _handle(self, way: int) -> int:
        """Never makes the file: receipts for a printer that is unplugged would go into it and be gone."""
        handle = os.open(self.path, way | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.ENODEV, "a file where a device should be")
        return handle

    def key(self) -> str:
        """The path."""
        return str(self.path)


class ScreenTransport:
    """Keeps the bytes for whoever shows them."""

    def __init__(self) -> None:
        self._taken: list[bytes] = []

    def deliver(self, data: bytes) -> None:
        """Keep ``data``."""
        self._taken.append(data)

    def take(self) -> bytes:
        """Everything delivered since the last call."""
        taken = b"".join(self._taken)
        self._taken.clear()
        return taken


def make_transport(options: Mapping[str, object]) -> Transport:
    """The transport a printer's options name: ``kind`` and then ``path``, or ``host``, ``port``, ``timeout_s``.

    Kinds are ``file``, ``usb`` (a device file), ``serial``, ``network`` and ``screen``; other options belong to the
    layout and are left alone. Raises `PrinterError` ``printer_config`` with the option and its value.
    """
    kind = options.get("kind")
    if kind in ("file", "usb"):
        place = FileTransport if kind == "file" else DeviceTransport
        return place(Path(_text(options, "path")), _seconds(options))
    if kind == "network":
        port = options.get("port", PORT)
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
            raise PrinterError(CONFIG, {"option": "port", "value": port})
        return NetworkTransport(_text(options, "host"), port, _seconds(options))
    if kind == "serial":
        from kassa_tui.hardware.serial_printer import SerialTransport

        return SerialTransport(
            _text(options, "path"), int(str(options.get("baud", 9600))), str(options.get("framing", "8N1"))
        )
    if kind == "screen":
        return ScreenTransport()
    raise PrinterError(CONFIG, {"option": "kind", "value": kind})


def resolve(host: str, port: int, deadline: float) -> list[Address]:
    """Addresses of a host. The resolver has no time-out of its own, so a name is looked up on a thread."""
    try:
        version = ipaddress.ip_address(host).version
        return [(socket.AF_INET6 if version == 6 else socket.AF_INET, (host, port))]
    except ValueError:
        found: list[_Answer] = []
    asked = threading.Thread(target=_look_up, args=(host, port, found), daemon=True)
    asked.start()
    asked.join(_left(deadline))
    answer = found[0] if found else TimeoutError("name not resolved in time")
    if isinstance(answer, UnicodeError):
        raise OSError(errno.EINVAL, "not a host name")
    if isinstance(answer, OSError):
        raise answer
    return answer


def _look_up(host: str, port: int, found: list[_Answer]) -> None:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.append([(answer[0], (str(answer[4][0]), port)) for answer in answers])
    except (OSError, UnicodeError) as error:
        found.append(error)


def _settle(connection: socket.socket, deadline: float) -> None:
    """Wait until the other side has acknowledged everything, reading away what it says.

    Closing a socket with unread bytes resets the connection, and the printer then loses the end of the receipt: status
    bytes a printer sends by itself are such unread bytes.
    """
    connection.shutdown(socket.SHUT_WR)
    connection.setblocking(False)
    listening = True
    while (unsent := unacknowledged(connection.fileno())) or time.monotonic() < deadline:
        wait = min(_left(deadline), _SETTLE_S)
        if listening and select.select([connection], [], [], wait)[0]:
            listening = bool(connection.recv(4096))
        elif not unsent:
            return
        elif not listening:
            time.sleep(wait)


def unacknowledged(handle: int) -> int:
    """Bytes in the kernel that the other side has not acknowledged; 0 where the system does not tell."""
    try:
        import fcntl
        import termios

        answer = fcntl.ioctl(handle, termios.TIOCOUTQ, bytes(4))
    except (ImportError, AttributeError, OSError):
        return 0
    (count,) = struct.unpack("i", answer)
    return int(count)


def _write_some(handle: int, rest: memoryview, deadline: float) -> memoryview:
    """What is left once some of it was written."""
    if select.select([], [handle], [], _left(deadline))[1]:
        with contextlib.suppress(BlockingIOError):
            return rest[os.write(handle, rest) :]
    return rest


def _taken_back(handle: int, written: int, job: Path | None) -> bool:
    """Leave a file as it was before; False for a device, from which nothing can be taken back."""
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        return False
    if job:
        job.unlink(missing_ok=True)
    else:
        os.ftruncate(handle, max(0, facts.st_size - written))
    return True


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("deadline passed")
    return left


def _text(options: Mapping[str, object], name: str) -> str:
    value = options.get(name)
    if isinstance(value, str | Path) and str(value).strip() and "\0" not in str(value):
        return str(value)
    raise PrinterError(CONFIG, {"option": name, "value": value})


def _seconds(options: Mapping[str, object]) -> float:
    value = options.get("timeout_s", TIMEOUT_S)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 60:
        return float(value)
    raise PrinterError(CONFIG, {"option": "timeout_s", "value": value})


def name_of(error: OSError) -> str:
    """Name of the system's error, e.g. ``ECONNREFUSED``; a resolver's has none and gives its class."""
    if isinstance(error, socket.gaierror):
        return "name_unknown"
    return errno.errorcode.get(error.errno or 0, type(error).__name__)
