"""The process that verifies signatures beside the one that takes journals in.

A verification takes a tenth of a millisecond and holds Python's lock meanwhile, so it runs where it holds up nobody: in
a process of its own, started by :mod:`.signatures`, which talks to it over two pipes. A question is a number of proofs
(four bytes) and the proofs; its answer a byte for each, 1 where the signature holds. It ends when nobody can ask it any
more. It knows nothing of the office, so that it starts at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_BYTES, SIGNATURE_BYTES, HASH_BYTES = 32, 64, 32
PROOF_BYTES = KEY_BYTES + SIGNATURE_BYTES + HASH_BYTES
"""Public key, signature, what was signed."""
HEAD_BYTES = 4
READY = b"R"


def verdicts(proofs: bytes) -> bytes:
    """A byte for each proof: 1 where this key made this signature over this hash, 0 where it did not."""
    return bytes(_holds(proofs[start : start + PROOF_BYTES]) for start in range(0, len(proofs), PROOF_BYTES))


def _holds(proof: bytes) -> bool:
    try:
        _verify(proof[:KEY_BYTES])(proof[KEY_BYTES : KEY_BYTES + SIGNATURE_BYTES], proof[KEY_BYTES + SIGNATURE_BYTES :])
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=20_000)
def _verify(public: bytes) -> Callable[[bytes, bytes], None]:
    """Raises InvalidSignature where the signature over the data is not by this key; ValueError for what is no key."""
    return Ed25519PublicKey.from_public_bytes(public).verify


def main() -> None:
    """Answer until the pipe is closed. Ctrl-C at the terminal is for the office, which closes the pipe as it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, answer = sys.stdin.buffer, sys.stdout.buffer
    answer.write(READY)
    answer.flush()
    while head := asked.read(HEAD_BYTES):
        answer.write(verdicts(asked.read(int.from_bytes(head) * PROOF_BYTES)))
        answer.flush()


if __name__ == "__main__":
    main()
