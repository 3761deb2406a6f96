"""What the cloud terminals share: JSON over HTTPS under a key, and a payment that is looked at until it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.hardware.terminals import hidden, secrets
from kassa_tui.hardware.terminals.errors import DECLINED, GARBLED, KEY_REFUSED, NOT_FOUND, TerminalError
from kassa_tui.hardware.terminals.nexo_json import part, word
from kassa_tui.hardware.terminals.web import Server
from kassa_tui.hardware.traffic import FROM, TO, Tap, nobody

if TYPE_CHECKING:
    from kassa_tui.hardware.terminals.wake import Wake

__all__ = ["Account", "Answer", "Pace", "encode", "part", "word"]

NO_KEY = (401, 403)
REFUSALS = (400, 401, 403, 404, 410, 415, 422)
"""Statuses that say that nothing was begun; any other one but success leaves doubt."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    poll: float = 1.5
    """Between two looks at a payment."""
    call: float = 15.0
    """For one request."""
    whole: float = 300.0
    """For a payment; then the till asks to stop it."""
    settle: float = 5.0
    """After which a payment that the cloud does not know was never begun."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object and the status it came with."""

    status: int
    body: dict[str, Any]

    @property
    def good(self) -> bool:
        """The request was done."""
        return 200 <= self.status < 300


class Account:
    """A merchant's account at the cloud: where, and with which key."""

    def __init__(
        self, url: str, key_file: Path, wanted: tuple[str, ...], pace: Pace, tap: Tap = nobody
    ) -> None:  # fmt: skip
        self._url, self._key_file, self._wanted, self._pace, self._tap = url, key_file, wanted, pace, tap

    def keys(self) -> dict[str, str]:
        """What the key file holds; read anew each time, so that a new key needs no restart."""
        return secrets.read(self._key_file, self._wanted)

    def call(self, method: str, path: str, wake: Wake, body: bytes = b"", idempotency: str = "") -> Answer:
        """One request; TerminalError where no JSON object came back."""
        headers = {"Authorization": f"Bearer {self.keys()['api_key']}", "Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        if idempotency:
            headers["Idempotency-Key"] = idempotency
        self._tell(TO, f"{method} {path}", body)
        reply = Server(self._url).call(method, path, headers, body, self._pace.call, wake)
        self._tell(FROM, str(reply.status), reply.body)
        try:
            found = json.loads(reply.body.decode("utf-8"), parse_float=str, parse_constant=str) if reply.body else {}
        except (ValueError, RecursionError) as error:
            raise TerminalError(GARBLED, {"reason": f"HTTP {reply.status}"}, sent=True) from error
        if not isinstance(found, dict):
            raise TerminalError(GARBLED, {"reason": f"HTTP {reply.status}"}, sent=True)
        return Answer(reply.status, found)

    def _tell(self, direction: str, line: str, body: bytes) -> None:
        """Tell the black box of a request or an answer, without keys and without what is in it about a card."""
        if self._tap is not nobody:
            shown = hidden.number(line.encode()) + (b" " + hidden.json_text(body) if body else b"")
            self._tap(direction, shown, len(line) + len(body))

    def look(self, path: str, wake: Wake) -> Answer:
        """One request that only asks; TerminalError where the cloud does not know us or what we ask for."""
        answer = self.call("GET", path, wake)
        if answer.status in NO_KEY:
            raise TerminalError(KEY_REFUSED, {"reason": f"HTTP {answer.status}"})
        if not answer.good:
            raise TerminalError(NOT_FOUND if answer.status == 404 else GARBLED, {"reason": f"HTTP {answer.status}"})
        return answer

    def try_(self, method: str, path: str, wake: Wake, body: bytes = b"") -> Answer | None:
        """One request whose failure does not matter, because it is made again or another one shows what came of it."""
        try:
            return self.call(method, path, wake, body)
        except TerminalError:
            return None

    def order(
        self, path: str, wake: Wake, body: bytes, idempotency: str = "", refusals: tuple[int, ...] = REFUSALS
    ) -> Answer:  # fmt: skip
        """A POST that moves money; raises where it was refused, with ``sent`` where nobody knows."""
        answer = self.call("POST", path, wake, body, idempotency)
        if answer.good:
            return answer
        reason = word(answer.body, "detail") or word(answer.body, "title") or word(answer.body, "errors", "detail")
        code = KEY_REFUSED if answer.status in NO_KEY else DECLINED
        facts = {"reason": reason or f"HTTP {answer.status}"}
        raise TerminalError(code, facts, sent=answer.status not in refusals)


def encode(body: dict[str, Any]) -> bytes:
    """JSON without blanks."""
    return json.dumps(body, separators=(",", ":")).encode()
