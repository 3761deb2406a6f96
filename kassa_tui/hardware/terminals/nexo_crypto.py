"""Adyen's envelope around nexo messages (standards 7.4): AES-256-CBC under keys derived from a passphrase, and an HMAC
over the plain text. Pure functions; ``cryptography`` is imported when the first message is sealed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

SALT, ROUNDS = b"AdyenNexoV1Salt", 4000
BLOCK = 16
VERSION = 1


@dataclass(frozen=True, slots=True)
class Keys:
    """What a passphrase becomes."""

    mac: bytes
    cipher: bytes
    iv: bytes


@dataclass(frozen=True, slots=True)
class Secret:
    """A passphrase and the name under which the terminal knows it."""

    passphrase: str
    identifier: str
    version: int


@lru_cache(maxsize=4)
def derive(passphrase: str) -> Keys:
    """Keys of 32, 32 and 16 bytes."""
    data = passphrase.encode("latin-1", "replace")
    block = hashlib.pbkdf2_hmac("sha1", data, SALT, ROUNDS, 80)
    return Keys(block[:32], block[32:64], block[64:80])


def seal(plain: bytes, secret: Secret, nonce: bytes) -> dict[str, Any]:
    """``NexoBlob`` and ``SecurityTrailer`` of a message; ``nonce`` is 16 random bytes, never used twice."""
    keys = derive(secret.passphrase)
    padding = BLOCK - len(plain) % BLOCK
    blob = _cipher(keys, nonce, plain + bytes([padding]) * padding, encrypt=True)
    return {
        "NexoBlob": base64.b64encode(blob).decode(),
        "SecurityTrailer": {
            "AdyenCryptoVersion": VERSION,
            "KeyIdentifier": secret.identifier,
            "KeyVersion": secret.version,
            "Nonce": base64.b64encode(nonce).decode(),
            "Hmac": base64.b64encode(hmac.digest(keys.mac, plain, "sha256")).decode(),
        },
    }


def unseal(message: Any, secret: Secret) -> bytes | None:
    """The plain text of a sealed message; None where it is not one, or not sealed with this secret."""
    if not isinstance(message, dict) or not isinstance(message.get("SecurityTrailer"), dict):
        return None
    trailer = message["SecurityTrailer"]
    try:
        blob, nonce, mac = (
            base64.b64decode(str(part), validate=True)
            for part in (message.get("NexoBlob"), trailer.get("Nonce"), trailer.get("Hmac"))
        )
    except (binascii.Error, ValueError):
        return None
    if len(nonce) != BLOCK or not blob or len(blob) % BLOCK:
        return None
    keys = derive(secret.passphrase)
    padded = _cipher(keys, nonce, blob, encrypt=False)
    size = padded[-1]
    plain, padding = padded[: len(padded) - size], bytes([size]) * size
    fits = 0 < size <= BLOCK and padded.endswith(padding)
    return plain if hmac.compare_digest(hmac.digest(keys.mac, plain, "sha256"), mac) and fits else None


def _cipher(keys: Keys, nonce: bytes, data: bytes, *, encrypt: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    iv = bytes(ours ^ theirs for ours, theirs in zip(keys.iv, nonce, strict=True))
    cipher = Cipher(AES(keys.cipher), CBC(iv))
    work = cipher.encryptor() if encrypt else cipher.decryptor()
    return work.update(data) + work.finalize()
