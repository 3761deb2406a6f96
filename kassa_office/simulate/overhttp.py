"""Simulated tills over loopback: one connection each, to the office's own server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from kassa_office.simulate.fleet import SimTill, Slice, Tally, turns
from kassa_tui.sync.codec import WireError, decode, unpack
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.schedule import turn, wait
from kassa_tui.sync.wire import PATH, BatchAnswer

START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
"""A till's patience; as `kassa_tui.sync.office_client`."""
PATIENCE = 900.0
"""A storm that is not over after so long is called off."""


class Server:
    """``kassa-office run`` on a free port, with the settings of this process."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.bind = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{self.bind}"
        command = [sys.executable, "-m", "kassa_office", "run", "--no-jobs", "--bind", self.bind]
        with log.open("ab") as out:
            self._child = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def wait(self) -> None:
        """Until it answers; OSError where it does not."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._child.poll() is None:
            line = HTTPConnection(self.bind, timeout=5)
            try:
                line.request("GET", f"{PATH}/snapshot")
                line.getresponse()
            except OSError:
                time.sleep(0.1)
            else:
                return
            finally:
                line.close()
        raise OSError("the office does not start")

    def memory(self) -> int:
        """Bytes that its processes held at most, added up."""
        return sum(_peak(pid) for pid in _group(self._child.pid))

    def close(self) -> None:
        """Stop it."""
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGTERM)
            try:
                self._child.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._child.pid, signal.SIGKILL)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server for the time of a block."""
    server = Server(folder / "simulate.log")
    try:
        server.wait()
        yield server
    finally:
        server.close()


def load(fleet: list[SimTill], url: str, lines: int, seconds: float) -> Tally:
    """Everything the tills have, over so many connections at once, for so long at most (0: to the end)."""
    return _run(lambda tally: _load(fleet, url, lines, seconds, tally))


def storm(fleet: list[SimTill], url: str, window: float, slots: bool) -> Tally:
    """All tills come back at once with their first message; in real time. ``window`` as in the modelled storm."""
    return _run(lambda tally: _storm(fleet, url, window, slots, tally))


def _run(work: Callable[[Tally], object]) -> Tally:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tally, began = Tally(), time.perf_counter()
    asyncio.run(work(tally))  # type: ignore[arg-type]
    tally.seconds = time.perf_counter() - began
    return tally


async def _load(fleet: list[SimTill], url: str, lines: int, seconds: float, tally: Tally) -> None:
    work = turns(fleet)
    until = time.perf_counter() + seconds if seconds else float("inf")

    async def line() -> None:
        while time.perf_counter() < until and (each := next(work, None)) is not None:
            tries = 0
            while not await _send(*each, url, tally):
                tries += 1
                await asyncio.sleep(min(0.1 * 2**tries, 5.0))

    await asyncio.gather(*(line() for _ in range(lines)))


async def _storm(fleet: list[SimTill], url: str, window: float, slots: bool, tally: Tally) -> None:
    chance = random.Random(1)
    busy = OfficeError("busy", retry_after=5)
    until = time.perf_counter() + PATIENCE

    async def one(each: SimTill) -> None:
        await asyncio.sleep(turn(each.till.code, int(window)) if slots else chance.random() * 5.0)
        tries = 0
        while not await _send(each, each.plan[0], url, tally) and time.perf_counter() < until:
            tries += 1
            await asyncio.sleep(wait(tries, busy, chance.random))

    await asyncio.gather(*(one(each) for each in fleet))


async def _send(each: SimTill, part: Slice, url: str, tally: Tally) -> bool:
    """One request; whether its entries need not be sent again."""
    body = each.message(part, "", int(time.time() * 1000))
    began = time.perf_counter()
    try:
        status, answer = await asyncio.wait_for(_post(url, each, body), ANSWER_SECONDS)
    except (OSError, TimeoutError, ValueError, EOFError):
        tally.failed += 1
        return False
    if status in (429, 503):
        tally.refused += 1
        return False
    try:
        read = decode(answer, BatchAnswer)
    except (WireError, msgspec.DecodeError):
        tally.other[str(status)] = tally.other.get(str(status), 0) + 1
        return False
    tally.waits.append(time.perf_counter() - began)
    tally.accepted += 1
    tally.entries += len(read.acks)
    for ack in read.acks:
        tally.statuses[ack.status] = tally.statuses.get(ack.status, 0) + 1
    return True


async def _post(url: str, each: SimTill, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(
            f"POST {PATH}/tills/{each.till.code}/journal HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            f"Authorization: Bearer {each.token}\r\nContent-Type: application/json\r\nContent-Encoding: zstd\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        head, _, rest = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not head:
        raise EOFError
    encoding = "zstd" if b"content-encoding: zstd" in head.lower() else ""
    return int(head.split(b" ", 2)[1]), unpack(rest, encoding)


def _group(leader: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) == leader:
                yield int(path.name)
        except (ProcessLookupError, PermissionError):
            continue


def _peak(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0)
