"""What Hypothesis draws for more than one file."""

from __future__ import annotations

from hypothesis import strategies as st

SCRIBBLE = st.text() | st.text("0123456789.,-+ e_²٣\n", max_size=15)
"""Anything at all, and what only just is no number."""
