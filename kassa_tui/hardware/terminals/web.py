"""One HTTP request to a terminal or its cloud, with a bound on the whole of it and an ear for the cashier.

``http.client`` does; the till keeps no sessions and a small board no libraries for a handful of requests an hour.
"""

from __future__ import annotations

import http.client
import ipaddress
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kassa_tui.hardware.terminals.errors import (
    CLOSED,
    GARBLED,
    LINE_LOST,
    TIMEOUT,
    UNREACHABLE,
    UNTRUSTED,
    TerminalError,
)

if TYPE_CHECKING:
    import ssl

    from kassa_tui.hardware.terminals.wake import Wake

CONNECT_S = 5.0
MAX_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    body: bytes


class Server:
    """Where requests go: ``https://host[:port]``; plain ``http`` on this machine only."""

    def __init__(self, url: str, context: Callable[[], ssl.SSLContext] | None = None,
                 check: Callable[[dict[str, Any]], bool] | None = None) -> None:  # fmt: skip
        """``check`` looks at the server's certificate, whose chain the context has verified."""
        parts = urlsplit(url)
        self._secure, self._host = parts.scheme == "https", parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._context, self._check = context, check
        if not self._secure and not _loopback(self._host):
            raise TerminalError(UNTRUSTED, {"reason": self._host})

    def call(
        self, method: str, path: str, headers: dict[str, str], body: bytes, seconds: float, wake: Wake,
        on_stop: Callable[[], None] | None = None,
    ) -> Reply:  # fmt: skip
        """Ask and wait for the whole answer, at most so long. TerminalError with ``sent`` once bytes went out.

        ``on_stop`` is called on a thread of its own, once, when the cashier wants to stop; the answer is still awaited.
        """
        connection = self._connect()
        watch = _Watch(connection.sock, seconds, wake, on_stop)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            data = response.read(MAX_BODY + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise TerminalError(watch.verdict(error), {"reason": type(error).__name__}, sent=True) from error
        finally:
            watch.end()
            connection.close()
        if len(data) > MAX_BODY:
            raise TerminalError(GARBLED, sent=True)
        return Reply(response.status, data)

    def _connect(self) -> http.client.HTTPConnection:
        import ssl

        if self._secure:
            context = self._context() if self._context else ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_S, context=context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
        try:
            connection.connect()
        except ssl.SSLError as error:
            raise TerminalError(UNTRUSTED, {"reason": str(error.reason)}) from error
        except (OSError, UnicodeError) as error:
            raise TerminalError(UNREACHABLE, {"reason": str(error)}) from error
        if isinstance(connection.sock, ssl.SSLSocket) and not self._trusts(connection.sock.getpeercert()):
            connection.close()
            raise TerminalError(UNTRUSTED, {"reason": "certificate"})
        connection.sock.settimeout(None)
        return connection

    def _trusts(self, certificate: Mapping[str, Any] | None) -> bool:
        return self._check is None or self._check(dict(certificate or {}))


class _Watch:
    """Cuts a call short when its time is over or the device is let go of."""

    def __init__(self, channel: socket.socket, seconds: float, wake: Wake, on_stop: Callable[[], None] | None) -> None:
        self._channel, self._until, self._wake, self._on_stop = channel, time.monotonic() + seconds, wake, on_stop
        self._here, self._there = socket.socketpair()
        self._cut = ""
        self._thread = threading.Thread(target=self._run, name="terminal-watch", daemon=True)
        self._thread.start()

    def verdict(self, error: Exception) -> str:
        """Why a call failed."""
        if self._cut:
            return self._cut
        broken = isinstance(error, http.client.HTTPException) and not isinstance(
            error, http.client.RemoteDisconnected | http.client.IncompleteRead
        )
        return GARBLED if broken or not isinstance(error, OSError | http.client.HTTPException) else LINE_LOST

    def end(self) -> None:
        """The call is over."""
        self._there.close()
        self._thread.join()
        self._here.close()

    def _run(self) -> None:
        stopped = self._on_stop is None
        while True:
            if self._wake.closing:
                return self._off(CLOSED)
            if self._wake.stop and not stopped and self._on_stop is not None:
                stopped = True
                self._on_stop()
            left = self._until - time.monotonic()
            if left <= 0:
                return self._off(TIMEOUT)
            called = self._wake.fileno()
            over = self._here.fileno()
            ready = select.select([over, called], [], [], left)[0]
            if over in ready:
                return None
            if called in ready:
                self._wake.quiet()

    def _off(self, why: str) -> None:
        self._cut = why
        try:
            self._channel.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It is gone already.
            return


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
