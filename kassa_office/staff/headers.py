"""Headers that every answer has, beside those of Django and of the content security policy."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
"""What no page of the office ever asks a browser for."""


class Headers:
    """Nothing of the browser's devices; and what depends on who is logged in stays with that browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer with its headers."""
        answer = self._next(request)
        answer.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if "cookie" in answer.headers.get("Vary", "").lower():
            answer.headers.setdefault("Cache-Control", "private, no-cache")
        return answer
