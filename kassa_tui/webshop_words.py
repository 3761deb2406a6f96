"""Words for what webshops answer and for how they are; codes without words are a bug (a test looks)."""

from __future__ import annotations
