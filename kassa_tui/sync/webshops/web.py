"""HTTP to a webshop: one session, one writer, nothing of the environment, no redirect followed, no endless answer.

What is safe to repeat (reading, writing an absolute number) is repeated here a few times; a write whose answer was lost
and that is not safe to repeat is an :class:`Unanswered`, to be looked for by its key.
"""

from __future__ import annotations

import codecs
import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from kassa_tui.sync.webshops.base import Permanent, Transient, Unanswered, Unauthorised

if TYPE_CHECKING:
    import requests
    from requests.auth import AuthBase

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10.0, 60.0, 120.0
"""To a connection; between two pieces of an answer (shops are slow); for a whole answer, however it trickles."""
MAX_BYTES = 32 << 20
"""Of one answer, unpacked."""
TRIES = 4
"""Of what may be repeated."""
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 60.0
MAX_RETRY_AFTER_SECONDS = 120.0
"""WordPress says ten minutes for an update that takes seconds."""
AGAIN = frozenset({429, 502, 503, 504})
_PIECE = 1 << 16
_SECRET = "***"
_CLOCK_WORDS = ("timestamp", "tijdstempel", "horodatage", "zeitstempel")
"""Of a signature that is too old or too new, in the languages that shops speak here."""

log = logging.getLogger("kassa.webshop")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shop answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: float
    """The machine's clock, seconds since 1970, for shops that do not say theirs."""

    def json(self) -> Any:
        """The body as JSON; Transient ``not_json`` for a page of some host or cache, also with status 200."""
        try:
            # A plugin's file with a byte order mark puts it before everything that WordPress says.
            return msgspec.json.decode(self.body.removeprefix(codecs.BOM_UTF8))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            start = self.body[:80].decode("utf-8", "replace").strip()
            raise Transient("not_json", {"status": self.status, "begins": start}) from error


@dataclass(slots=True)
class Patience:
    """How long and how often; of the tests, without waiting."""

    tries: int = TRIES
    timeouts: tuple[float, float, float] = (CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS)
    wait: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


@dataclass(slots=True)
class Web:
    """One connection to one webshop, for use on one thread."""

    base: str
    """Without a slash at its end."""
    auth: AuthBase | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    """Put behind every address: keys, for hosts that strip the header."""
    secrets: tuple[str, ...] = ()
    """Texts that never stand in a log or an error."""
    ca_file: Path | None = None
    proxy: str | None = None
    patience: Patience = field(default_factory=Patience)
    headers: Mapping[str, str] = field(default_factory=dict)
    requests_made: int = 0
    """For benchmarks and the status page."""
    _session: Any = None

    def close(self) -> None:
        """Let go of the connection; the next call makes a new one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def call(
        self, method: str, path: str, *, params: Mapping[str, Any] | list[tuple[str, Any]] | None = None,
        json: Any = None, data: bytes | None = None, headers: Mapping[str, str] | None = None,
        repeat: bool | None = None, again: frozenset[int] = AGAIN,
    ) -> Answer:  # fmt: skip
        """One request and its answer, whatever its status but those of ``again``, 401, 403 and redirects.

        ``repeat`` says whether a lost answer does no harm; reading never does. Raises Transient (not reached, busy),
        Unanswered (a write that may have been done), Unauthorised (401, and 403 with a body that the shop made
        itself), Permanent ``redirect``, ``certificate``, ``too_large``.
        """
        safe = method in ("GET", "HEAD") if repeat is None else repeat
        body = msgspec.json.encode(json) if json is not None else data
        sent = {**self.headers, **(headers or {})}
        if json is not None:
            sent["Content-Type"] = "application/json"
        for turn in range(1, self.patience.tries + 1):
            try:
                answer = self._once(method, path, params, body, sent)
                self._judge(answer, again)
            except Transient as error:
                if not safe and error.facts.get("sent", True):
                    raise Unanswered(error.code, error.facts) from error
                # What never left, and what the shop said it did not do, may be said again; for longer waits others are
                # not held up here.
                if turn == self.patience.tries or error.retry_after > MOST_WAIT_SECONDS:
                    raise
                self.patience.wait(self._pause(turn, error.retry_after))
                continue
            return answer
        raise AssertionError("no try was made")

    def _pause(self, turn: int, retry_after: float) -> float:
        bound: float = min(FIRST_WAIT_SECONDS * 2 ** (turn - 1), MOST_WAIT_SECONDS)
        return max(retry_after, bound / 2) + self.patience.random() * bound / 2

    def _judge(self, answer: Answer, again: frozenset[int]) -> None:
        status = answer.status
        if 300 <= status < 400:
            raise Permanent("redirect", {"to": self._hidden(answer.headers.get("Location", ""))[:120]})
        if status in again:
            after = retry_after(answer.headers.get("Retry-After", ""), self.patience.now)
            # Behind a gateway that gave up, or a cache that says 503 for it, the shop may have done it all the same.
            raise Transient("busy", {"status": status, "sent": status != 429}, after)
        if status in (401, 403):
            start = answer.body.lstrip()[:5].lower()
            page = start in (b"<html", b"<!doc") or start[:1] not in (b"{", b"[", b"<")
            if status == 403 and page:
                # A firewall's, not the shop's own word: it may let us through in a minute.
                raise Transient("blocked", {"status": status, "sent": False})
            says = self._hidden(_text(answer.body))
            if any(word in says.lower() for word in _CLOCK_WORDS):
                # A signature that is too old or too new: the keys are right, and a clock will be.
                raise Transient("clock_off", {"sent": False, "says": says[:200]})
            raise Unauthorised("unauthorised", {"status": status, "says": says})

    def _once(self, method: str, path: str, params: Any, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        import requests
        import urllib3

        if self._session is None:
            self._session = self._open()
        patience, session = self.patience, self._session
        until = patience.clock() + patience.timeouts[2]
        asked = [*(params.items() if isinstance(params, Mapping) else params or ()), *self.query.items()]
        # A blank as %20: Magento takes a plus in what is signed for a plus, and refuses it as if the keys were wrong.
        told = urlencode(asked, quote_via=quote)
        self.requests_made += 1
        try:
            with session.request(
                method, self.base + path, params=told, data=body, headers=headers, timeout=patience.timeouts[:2],
                allow_redirects=False, stream=True, verify=session.verify, auth=self.auth,
            ) as answer:  # fmt: skip
                found = self._body(answer, until)
                return Answer(answer.status_code, answer.headers, found, patience.now())
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._lost(error) from error

    def _open(self) -> requests.Session:
        import requests

        session = requests.Session()
        # With REQUESTS_CA_BUNDLE set, requests would pass by what ``verify`` says.
        session.trust_env = False
        session.verify = authorities(self.ca_file)
        session.proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else {}
        session.headers.clear()
        session.headers.update({"User-Agent": "Kassa", "Accept": "application/json", "Accept-Encoding": "gzip"})
        return session

    def _body(self, answer: requests.Response, until: float) -> bytes:
        found = bytearray()
        for piece in answer.iter_content(_PIECE):
            found += piece
            if len(found) > MAX_BYTES:
                raise Permanent("too_large", {"bytes": MAX_BYTES})
            if self.patience.clock() > until:
                raise Transient("timeout", {"sent": True})
        return bytes(found)

    def _lost(self, error: Exception) -> Transient | Permanent:
        import requests
        import urllib3

        log.info("%s: %s", urlsplit(self.base).hostname, self._hidden(str(error))[:300])
        chain = list(causes(error))
        if any(isinstance(each, (requests.exceptions.SSLError, ssl.SSLError)) for each in chain):
            return Permanent("certificate", {"host": urlsplit(self.base).hostname or ""})
        kinds = (requests.exceptions.ConnectTimeout, urllib3.exceptions.NewConnectionError, ConnectionRefusedError)
        sent = not any(isinstance(each, kinds) for each in chain)
        late = any(isinstance(each, (requests.exceptions.Timeout, TimeoutError)) for each in chain)
        return Transient("timeout" if late else "unreachable", {"sent": sent})

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            if secret:
                text = text.replace(secret, _SECRET)
        return text


def authorities(ca_file: Path | None) -> str | bool:
    """What to verify certificates with: the shop's own authority, else the system's, else those requests brings.

    Permanent ``certificate`` where the file that was named is not there.
    """
    if ca_file is not None:
        if not ca_file.is_file():
            raise Permanent("certificate", {"file": str(ca_file)})
        return str(ca_file)
    system = ssl.get_default_verify_paths().openssl_cafile
    return system if system and Path(system).exists() else True


def retry_after(text: str, now: Callable[[], float]) -> float:
    """Seconds of a ``Retry-After``, written as a number or as a date; 0 for anything else."""
    if text.strip().isdigit():
        return min(float(text.strip()[:6]), MAX_RETRY_AFTER_SECONDS)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, min(parsedate_to_datetime(text).timestamp() - now(), MAX_RETRY_AFTER_SECONDS))
    except (ValueError, TypeError, OverflowError):
        return 0.0


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and all that lies behind it."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or any(each is known for known in found):
            continue
        found.append(each)
        reason: Any = getattr(each, "reason", None)
        waiting += [each.__cause__, each.__context__, reason if isinstance(reason, BaseException) else None]
        waiting += [inner for inner in getattr(each, "args", ()) if isinstance(inner, BaseException)]
    return found


def _text(body: bytes) -> str:
    """What a shop says, without the JSON around it."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if isinstance(found, dict) and isinstance(found.get("message"), str):
        if "parameters" not in found:
            return " ".join(found["message"].split())[:300]
        # Where a shop leaves places open in its message, as Magento does, its connector fills them in; what else it
        # says, as a trace of its own program, would only be cut off in the middle.
        kept = {name: found[name] for name in ("message", "parameters") if name in found}
        return msgspec.json.encode(kept).decode()[:2000]
    return " ".join(body[:300].decode("utf-8", "replace").split())
