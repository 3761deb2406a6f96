"""Delivery over files and sockets: a fault of the other side is a code within the time-out, never a hang."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kassa_tui.hardware.printer import (
    FileTransport,
    NetworkTransport,
    PrinterError,
    ScreenTransport,
    make_transport,
)

BIG = bytes(64 << 20)
"""More than the buffers between two sockets of one machine hold."""


MEDIUM = bytes(200_000)
"""More than a printer's small receive buffer holds, less than this machine's send buffer."""


@contextmanager
def server(act: Callable[[socket.socket], object]) -> Iterator[int]:
    """A printer on this machine that takes one connection; gives its port."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                act(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def failure(act: Callable[[], object]) -> PrinterError:
    with pytest.raises(PrinterError) as raised:
        act()
    return raised.value


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "bon.bin"
    for data in (b"een", b"", b"twee"):
        FileTransport(path).deliver(data)
    assert path.read_bytes() == b"eentwee"
    assert path.stat().st_mode & 0o077 == 0


def test_a_folder_gets_a_file_for_each_job(tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_bytes(b"")
    (tmp_path / "000007.bin").write_bytes(b"old")
    for data in (b"een", b"twee"):
        FileTransport(tmp_path).deliver(data)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {"notes.bin": b"", "000007.bin": b"old", "000008.bin": b"een", "000009.bin": b"twee"}


def test_a_full_device_is_disk_full() -> None:
    fault = failure(lambda: FileTransport(Path("/dev/full")).deliver(b"x"))
    assert (fault.code, fault.facts) == ("disk_full", {"path": "/dev/full", "reason": "ENOSPC"})


@pytest.mark.parametrize("folder", [False, True])
def test_a_job_that_does_not_fit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: bool) -> None:
    path = tmp_path / "out"
    if folder:
        path.mkdir()
    else:
        path.write_bytes(b"before")
    written: list[int] = []

    def write_half(handle: int, data: bytes) -> int:
        if written:
            raise OSError(errno.ENOSPC, "no space")
        written.append(real(handle, bytes(data)[: len(data) // 2]))
        return written[0]

    real = os.write
    monkeypatch.setattr(os, "write", write_half)
    fault = failure(lambda: FileTransport(path).deliver(b"12345678"))
    assert (fault.code, written) == ("disk_full", [4])
    assert list(path.iterdir()) == [] if folder else path.read_bytes() == b"before"


def test_a_file_that_cannot_be_opened_is_unreachable(tmp_path: Path) -> None:
    fault = failure(lambda: FileTransport(tmp_path / "no" / "bon.bin").deliver(b"x"))
    assert (fault.code, fault.facts["reason"]) == ("printer_unreachable", "ENOENT")


def test_a_device_that_takes_nothing_times_out(tmp_path: Path) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)
    fault = failure(lambda: FileTransport(pipe).deliver(b"x"))
    assert (fault.code, fault.facts["reason"]) == ("printer_unreachable", "ENXIO")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        begun = time.monotonic()
        fault = failure(lambda: FileTransport(pipe, timeout_s=0.2).deliver(bytes(1 << 20)))
        assert (fault.code, fault.facts["seconds"]) == ("printer_timeout", 0.2)
        assert time.monotonic() - begun < 2
    finally:
        os.close(reader)


def test_the_network_printer_gets_every_byte_and_may_talk_back() -> None:
    got = bytearray()

    def act(connection: socket.socket) -> None:
        connection.sendall(b"\x14\x00\x00\x0f")
        while piece := connection.recv(1 << 16):
            got.extend(piece)
            connection.send(b"\x12")

    data = bytes(range(256)) * 4096
    with server(act) as port:
        NetworkTransport("127.0.0.1", port).deliver(data)
    assert bytes(got) == data


def test_a_printer_that_never_closes_holds_nobody_up() -> None:
    done = threading.Event()
    with server(lambda connection: (connection.recv(100), done.wait(10))) as port:
        begun = time.monotonic()
        NetworkTransport("127.0.0.1", port, timeout_s=5).deliver(b"bon")
        assert time.monotonic() - begun < 2
        done.set()


@pytest.mark.parametrize("job", [MEDIUM, BIG], ids=["in our buffer", "beyond it"])
def test_a_printer_that_never_reads_times_out(job: bytes) -> None:
    done = threading.Event()
    with server(lambda connection: done.wait(10)) as port:
        begun = time.monotonic()
        fault = failure(lambda: NetworkTransport("127.0.0.1", port, timeout_s=0.3).deliver(job))
        done.set()
        assert time.monotonic() - begun < 2
    assert (fault.code, fault.facts) == ("printer_timeout", {"host": "127.0.0.1", "port": port, "seconds": 0.3})


@pytest.mark.parametrize("job", [MEDIUM, BIG], ids=["in our buffer", "beyond it"])
def test_a_printer_that_closes_half_way_refuses(job: bytes) -> None:
    with server(lambda connection: connection.recv(10)) as port:
        fault = failure(lambda: NetworkTransport("127.0.0.1", port).deliver(job))
    assert fault.code == "printer_refused"
    assert fault.facts["reason"] in ("ECONNRESET", "EPIPE", "ENOTCONN")


def test_nobody_there_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    fault = failure(lambda: NetworkTransport("127.0.0.1", port).deliver(b"x"))
    assert (fault.code, fault.facts["reason"]) == ("printer_refused", "ECONNREFUSED")


def test_a_backlog_that_is_full_times_out() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        fault = failure(lambda: NetworkTransport(address[0], address[1], 0.3).deliver(b"x"))
        for each in waiting:
            each.close()
    assert fault.code == "printer_timeout"


def test_a_name_that_takes_too_long_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begun = time.monotonic()
    fault = failure(lambda: NetworkTransport("printer.winkel", timeout_s=0.2).deliver(b"x"))
    release.set()
    assert (fault.code, fault.facts["host"]) == ("printer_timeout", "printer.winkel")
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no"), OSError(errno.ENETUNREACH, "no net"), UnicodeError()])
def test_a_name_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    fault = failure(lambda: NetworkTransport("printer.winkel").deliver(b"x"))
    expected = {"gaierror": "name_unknown", "OSError": "ENETUNREACH", "UnicodeError": "EINVAL"}
    assert (fault.code, fault.facts["reason"]) == ("printer_unreachable", expected[type(error).__name__])


def test_a_name_is_looked_up() -> None:
    got: list[bytes] = []
    with server(lambda connection: got.append(connection.recv(100))) as port:
        NetworkTransport("localhost", port).deliver(b"bon")
    assert got == [b"bon"]


def test_the_screen_hands_its_bytes_over_once() -> None:
    screen = make_transport({"kind": "screen"})
    assert isinstance(screen, ScreenTransport)
    screen.deliver(b"a")
    screen.deliver(b"b")
    assert (screen.take(), screen.take()) == (b"ab", b"")


def test_options_make_a_transport(tmp_path: Path) -> None:
    file = make_transport({"kind": "file", "path": str(tmp_path), "profile": "TM-T88V"})
    usb = make_transport({"kind": "usb", "path": "/dev/usb/lp0", "timeout_s": 2})
    network = make_transport({"kind": "network", "host": "10.0.0.9"})
    assert isinstance(file, FileTransport)
    assert (file.path, file.timeout_s) == (tmp_path, 3.0)
    assert isinstance(usb, FileTransport)
    assert (usb.path, usb.timeout_s) == (Path("/dev/usb/lp0"), 2.0)
    assert isinstance(network, NetworkTransport)
    assert (network.host, network.port, network.timeout_s) == ("10.0.0.9", 9100, 3.0)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({}, "kind"),
        ({"kind": "fax"}, "kind"),
        ({"kind": ["file"]}, "kind"),
        ({"kind": "file"}, "path"),
        ({"kind": "file", "path": 3}, "path"),
        ({"kind": "file", "path": "a\0b"}, "path"),
        ({"kind": "file", "path": "a", "timeout_s": 0}, "timeout_s"),
        ({"kind": "file", "path": "a", "timeout_s": True}, "timeout_s"),
        ({"kind": "network", "host": " "}, "host"),
        ({"kind": "network", "host": "a", "port": 70000}, "port"),
        ({"kind": "network", "host": "a", "port": "9100"}, "port"),
    ],
)
def test_wrong_options_name_themselves(options: Mapping[str, object], option: str) -> None:
    fault = failure(lambda: make_transport(options))
    assert (fault.code, fault.facts) == ("printer_config", {"option": option, "value": options.get(option)})
