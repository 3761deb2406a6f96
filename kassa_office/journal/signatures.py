"""Signatures of many entries, verified while the office does something else.

Each one is verified, never a chain by its last: that would prove what the entries say, not that every entry kept here
can be shown to be the till's by itself. A batch goes to a :mod:`.verifier`, one for each process that takes journals in
and only where there is more than one core; a few entries, and what comes while it is busy, are verified on the spot.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from kassa_office.journal import verifier
from kassa_office.journal.verifier import HASH_BYTES, HEAD_BYTES, PROOF_BYTES, READY, SIGNATURE_BYTES

FEW = 8
"""Proofs that take no longer here than asking somebody else."""
MOST = 65_536 // PROOF_BYTES - 1
"""Proofs that fit in a pipe as the system makes it, so that asking never waits."""
PATIENCE = 30.0
"""Seconds after which a verifier is given up."""

Proof = tuple[str, bytes, bytes]
"""Public key (hexadecimal), signature, what was signed."""


class Pending:
    """Verdicts that are being worked out."""

    def __init__(self, proofs: Sequence[Proof]) -> None:
        self._packed = [_packed(proof) for proof in proofs]
        self._asked = b"".join(self._packed)
        self._verifier = _desk.lend() if FEW < len(self._asked) // PROOF_BYTES <= MOST else None
        if self._verifier and not self._verifier.ask(self._asked):
            self._verifier = None
        self._found: list[bool] | None = None

    def result(self) -> list[bool]:
        """Whether each signature holds, in the order of the proofs; waits where need be."""
        if self._found is None:
            answer = self._verifier.answer(len(self._asked) // PROOF_BYTES) if self._verifier else b""
            verdicts = iter(answer or verifier.verdicts(self._asked))
            self._found = [bool(packed) and next(verdicts) == 1 for packed in self._packed]
        return self._found


def _packed(proof: Proof) -> bytes:
    """A proof as bytes; empty where it has not the shape of one, and so does not hold."""
    public, signature, hashed = proof
    try:
        packed = bytes.fromhex(public) + signature + hashed
    except ValueError:
        return b""
    return packed if (len(signature), len(hashed), len(packed)) == (SIGNATURE_BYTES, HASH_BYTES, PROOF_BYTES) else b""


def holds(public: str, signature: bytes, hashed: bytes) -> bool:
    """Whether one signature is by this public key (hexadecimal) over this hash."""
    packed = _packed((public, signature, hashed))
    return bool(packed) and verifier.verdicts(packed) == b"\1"


class Verifier:
    """One process that verifies, and whether it is at work. Lent to one question at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(Path(verifier.__file__))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asks, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._ready = self.broken = False
        self.busy = False

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ask(self, proofs: bytes) -> bool:
        """Have these verified; False where it cannot now."""
        try:
            if self._is_ready(0):
                self._write((len(proofs) // PROOF_BYTES).to_bytes(HEAD_BYTES) + proofs)
        except OSError:
            self.give_up()
        if self.broken or not self._ready:
            self.busy = False
            return False
        return True

    def answer(self, count: int) -> bytes:
        """The verdicts on what was asked; empty where none will come."""
        found = b""
        while len(found) < count and self._answered(PATIENCE) and (part := self._read(count - len(found))):
            found += part
        if len(found) < count:
            self.give_up()
            found = b""
        self.busy = False
        return found

    def started(self, seconds: float) -> bool:
        """Wait until it is at work, and lay it down again."""
        ready = self._is_ready(seconds)
        self.busy = False
        return ready

    def give_up(self) -> None:
        """It does not answer, or wrongly: let it go. The next batch gets another."""
        self.broken = True
        self._process.kill()
        self._process.wait()

    def _is_ready(self, seconds: float) -> bool:
        if not self._ready:
            self._ready = self._answered(seconds) and self._read(1) == READY
        return self._ready

    def _answered(self, seconds: float) -> bool:
        return bool(select.select([self._answers], [], [], seconds)[0])

    def _read(self, count: int) -> bytes:
        return os.read(self._answers, count)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._asks, view) :]


class Desk:
    """Lends out the verifier of this process, which is started when it is first wanted."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A process that was forked off has a verifier of its own."""
        self._lock = threading.Lock()
        self._verifier: Verifier | None = None

    def lend(self) -> Verifier | None:
        """The verifier, until it has answered; None where it is busy, or no core is free for it."""
        if (os.cpu_count() or 1) < 2:
            return None
        with self._lock:
            if self._verifier is None or self._verifier.broken:
                self._verifier = Verifier()
            if self._verifier.busy:
                return None
            self._verifier.busy = True
            return self._verifier


def start_verifier(seconds: float = PATIENCE) -> bool:
    """Have the verifier of this process started, and wait until it is at work; whether there is one."""
    found = _desk.lend()
    return found is not None and found.started(seconds)


_desk = Desk()
os.register_at_fork(after_in_child=lambda: _desk.forget())
