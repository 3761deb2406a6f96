"""The HTTP side of a simulated webshop: requests to the shop one by one, and lines that break where a test wants it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from kassa_tui.simulate.behaviour import Behaviour, LineCut, Meter
from kassa_tui.simulate.lines import Cable, Listener
from kassa_tui.simulate.web import Asked, read_request

What = Literal["drop", "lost", "cut", "html", "status", "gateway", "redirect"]

PAGE = b"<!DOCTYPE html><html><head><title>Even geduld</title></head><body>Checking your browser ...</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request."""

    what: What
    """``drop``: gone before the shop had it. ``lost``: done, and no answer. ``cut``: done, and ``number`` bytes of the
    answer. ``html``: a page of the host with status 200, not done. ``status``: status ``number`` of the host, not
    done. ``gateway``: done, and 504. ``redirect``: 302 to the same place elsewhere, not done."""
    number: int = 0
    retry_after: int = 0


Faults = Callable[[Asked], Fault | None]


class Queue:
    """Faults for the requests to come, in order; None lets one through."""

    def __init__(self, faults: Iterable[Fault | None] = ()) -> None:
        self._faults = list(faults)
        self._lock = threading.Lock()

    def add(self, *faults: Fault | None) -> None:
        """More, behind those that wait."""
        with self._lock:
            self._faults += faults

    def __call__(self, asked: Asked) -> Fault | None:
        with self._lock:
            return self._faults.pop(0) if self._faults else None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the shop answers; ``body`` is JSON unless it is bytes."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json; charset=UTF-8"


class Shop(Protocol):
    """A simulated shop: its own state, asked for one request at a time."""

    def respond(self, asked: Asked) -> Reply:
        """Do what is asked, as the real shop would."""


class ShopServer:
    """Serves a shop on a port of this machine."""

    def __init__(
        self, shop: Shop, port: int = 0, *, faults: Faults | None = None, context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1", told: Callable[[Asked, int], object] | None = None,
    ) -> None:  # fmt: skip
        self.shop, self.faults = shop, faults or Queue()
        self.page: Callable[[Asked], Reply | None] = lambda _asked: None
        """What is for people, and answered before the shop is asked."""
        self.asked: list[Asked] = []
        """Every request that came in whole, also those that were dropped."""
        self._told = told
        self._lock = threading.Lock()
        self._listener = Listener(self._serve, Meter(Behaviour()), port, parallel=True, context=context, host=host)
        self.port = self._listener.port
        self.url = f"{'http' if context is None else 'https'}://{host}:{self.port}"

    def close(self) -> None:
        """Switch it off; the shop keeps what it has."""
        self._listener.close()

    def _serve(self, cable: Cable) -> None:
        asked = read_request(cable)
        with self._lock:
            page = self.page(asked)
        if page is not None:
            cable.write(raw(page))
            return
        self.asked.append(asked)
        fault = self.faults(asked)
        what = fault.what if fault else ""
        if what == "drop":
            raise LineCut
        if fault is not None and (early := _instead(fault, asked, self.url)) is not None:
            cable.write(raw(early))
            return
        # The shop's own database sees one request after the other; what is lost between two is for the caller to find.
        with self._lock:
            reply = self.shop.respond(asked)
        if self._told is not None:
            self._told(asked, reply.status)
        if fault is None:
            cable.write(raw(reply))
        elif what == "cut":
            cable.write(raw(reply)[: fault.number])
            raise LineCut
        elif what == "gateway":
            cable.write(raw(Reply(504, b"<html><body>504 Gateway Time-out</body></html>", kind="text/html")))
        else:
            raise LineCut


def _instead(fault: Fault, asked: Asked, url: str) -> Reply | None:
    """The answer of the host in front of the shop."""
    if fault.what == "html":
        return Reply(200, PAGE, kind="text/html")
    if fault.what == "redirect":
        return Reply(302, b"", {"Location": f"https://www.example.org{asked.path}"})
    if fault.what == "status":
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
        return Reply(fault.number, b"<html><body>Even niet</body></html>", headers, kind="text/html")
    return None


def raw(reply: Reply) -> bytes:
    """The answer as it goes over the line."""
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body, separators=(",", ":")).encode()
    head = [f"HTTP/1.1 {reply.status} {'OK' if reply.status < 300 else 'Other'}", f"Content-Type: {reply.kind}"]
    head += [f"{name}: {value}" for name, value in reply.headers.items()]
    head += [f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
