"""What is answered to a question that is refused: a status, a code, and facts; the words are the asker's own."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from ninja import Field, NinjaAPI, Schema
from ninja.errors import HttpError
from ninja.errors import ValidationError as BadRequest

log = logging.getLogger(__name__)

BUSY_SECONDS = 5


class Refused(Exception):
    """A question that is not answered; becomes a :class:`Problem`."""

    def __init__(
        self, status: int, code: str, facts: dict[str, Any] | None = None, *, retry_after: int = 0
    ) -> None:  # fmt: skip
        super().__init__(f"{status} {code}")
        self.status, self.code, self.facts, self.retry_after = status, code, facts or {}, retry_after


class Problem(Schema):
    """Why a question was refused."""

    status: int = Field(description="The HTTP status, again.")
    code: str = Field(description="What is wrong, in one word that does not change; docs/api.md lists them.")
    facts: dict[str, Any] = Field(description="What goes with the code: the field, the limit, the branch.")


REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 412, 413, 422, 429, 500, 503})
"""Statuses that every question may be answered with; each with a Problem."""


def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """The answer."""
    answer = JsonResponse({"status": error.status, "code": error.code, "facts": error.facts}, status=error.status)
    if error.retry_after:
        answer["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    answer["Cache-Control"] = "no-store"
    return answer


def of_validation(error: ValidationError) -> Refused:
    """What the models say is wrong, by field."""
    if hasattr(error, "error_dict"):
        return Refused(409, "invalid", {"fields": error.message_dict})
    return Refused(409, "invalid", {"fields": {"": error.messages}})


def handle(api: NinjaAPI) -> None:
    """Every end of a question is an answer of the API; no fault of ours shows more than a code."""
    api.exception_handler(Refused)(refused)
    api.exception_handler(Exception)(_fault)

    @api.exception_handler(BadRequest)
    def bad(request: HttpRequest, error: BadRequest) -> HttpResponse:
        wrong = [{"where": [str(step) for step in one["loc"]], "what": one["type"]} for one in error.errors]
        return refused(request, Refused(422, "bad_value", {"fields": wrong}))

    @api.exception_handler(HttpError)
    def http(request: HttpRequest, error: HttpError) -> HttpResponse:
        return refused(request, Refused(error.status_code, "bad_message" if error.status_code == 400 else "refused"))

    @api.exception_handler(Http404)
    def unknown(request: HttpRequest, error: Http404) -> HttpResponse:
        return refused(request, Refused(404, "unknown"))

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return refused(request, of_validation(error))


def _fault(request: HttpRequest, error: Exception) -> HttpResponse:
    if isinstance(error, RequestDataTooBig):
        return refused(request, Refused(413, "too_large"))
    if isinstance(error, UnreadablePostError):
        return refused(request, Refused(400, "bad_message"))
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("busy: %s", error)
        close_old_connections()
        return refused(request, Refused(503, "busy", retry_after=BUSY_SECONDS))
    log.error("%s %s", request.method, request.path, exc_info=error)
    return refused(request, Refused(500, "fault"))
