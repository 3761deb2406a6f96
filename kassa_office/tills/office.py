"""This office's own marks: its epoch, its key, its counters."""

from __future__ import annotations

import secrets
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from kassa_office.tills.models import Office


def office() -> Office:
    """The one row of marks, made where it is not."""
    found = Office.objects.filter(id=1).first()
    if found is None:
        marks = {"epoch": uuid4().hex, "private_key": secrets.token_bytes(32)}
        found, _made = Office.objects.get_or_create(id=1, defaults=marks)
    return found


def epoch() -> str:
    """Of this database; asked with every batch of every till."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch FROM tills_office WHERE id = 1")
        row = cursor.fetchone()
    return str(row[0]) if row else office().epoch


def new_epoch() -> str:
    """After a restore: tills learn from it to look again at what the office has."""
    mark = office()
    mark.epoch = uuid4().hex
    mark.save(update_fields=["epoch"])
    return mark.epoch


def signer() -> Ed25519PrivateKey:
    """The key that signs snapshots."""
    return Ed25519PrivateKey.from_private_bytes(bytes(office().private_key))


def public_key() -> str:
    """Its public half, hexadecimal; a till is told it when it enrols."""
    return signer().public_key().public_bytes_raw().hex()
