"""What other parts of the office may listen to."""

from __future__ import annotations

from django.dispatch import Signal

entries_stored = Signal()
"""Entries of a till were stored: ``till`` (the model) and ``reads`` (list of :class:`projection.Read`).

Sent within the transaction that stores them. Where a listener raises, nothing is left of what the listeners wrote."""
