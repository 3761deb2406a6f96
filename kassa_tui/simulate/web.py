"""HTTP from the other end: what the simulated clouds and the nexo terminal answer on, byte by byte through a meter."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kassa_tui.simulate.behaviour import Behaviour, LineCut, Meter
from kassa_tui.simulate.lines import Cable, Listener

MAX_HEAD = 65_536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
REASONS = {200: "OK", 201: "Created", 204: "No Content", 401: "Unauthorized", 404: "Not Found", 409: "Conflict",
           422: "Unprocessable Entity", 500: "Internal Server Error"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    """Without the query."""
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


Respond = Callable[[Asked], tuple[int, Any] | None]
"""Status and JSON of the answer (bytes are sent as they are); None where the terminal is silent for ever."""


class WebSimulator:
    """Answers requests, each on a connection of its own."""

    def __init__(self, behaviour: Behaviour, respond: Respond, port: int = 0,
                 context: ssl.SSLContext | None = None) -> None:  # fmt: skip
        self.behaviour, self.meter, self._respond = behaviour, Meter(behaviour), respond
        self.asked: list[Asked] = []
        self._silence = threading.Event()
        self._closed = False
        self._listener = Listener(self._serve, self.meter, port, parallel=True, context=context)
        self.port = self._listener.port
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Switch it off."""
        if self._closed:
            return
        self._closed = True
        self._silence.set()
        if self.behaviour.late is not None:
            self.behaviour.late.set()
        self._listener.close()

    def _serve(self, cable: Cable) -> None:
        asked = read_request(cable)
        self.asked.append(asked)
        told = self._respond(asked)
        if told is None:
            self._silence.wait()
            raise LineCut
        status, content = told
        body = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
        head = f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}\r\nContent-Type: application/json\r\n"
        cable.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def read_request(cable: Cable) -> Asked:
    """One whole request; LineCut where it does not come."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += cable.read(None)
        if len(data) > MAX_HEAD:
            raise LineCut
    head, _, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    while length is not None and len(body) < int(length[1]):
        body += cable.read(None)
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, target = first.partition(" ")
    path, _, query = target.partition(" ")[0].partition("?")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Asked(method, path, query, headers, body)
