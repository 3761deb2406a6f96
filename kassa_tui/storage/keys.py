"""The till's signing key: Ed25519, in a file that only the till may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kassa_tui.storage.database import StorageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "till.key"


class Signer:
    """Signs hashes with the till's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        """The 32 bytes that verify what this till signed."""

    def sign(self, digest: bytes) -> bytes:
        """64 bytes of signature."""
        return self._key.sign(digest)


def create_key(path: Path) -> Signer:
    """Make a key and its file (mode 600), on disk before this returns."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, key.private_bytes_raw().hex().encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    return Signer(key)


def load_key(path: Path) -> Signer:
    """The key from its file; StorageError ``key_missing``, ``key_open`` (others may read it) or ``key_bad``."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except FileNotFoundError as error:
        raise StorageError("key_missing", {"path": str(path)}) from error
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError("key_bad", {"path": str(path)}) from error
    if mode & 0o077:
        raise StorageError("key_open", {"path": str(path)})
    try:
        return Signer(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.strip())))
    except ValueError as error:
        raise StorageError("key_bad", {"path": str(path)}) from error


def verify(public: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``digest`` was made by the key behind ``public``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True
