"""For Babel: the texts of Django's templates, beside those of the modules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from io import BytesIO
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def extract(file: IO[bytes], keywords: Collection[str], comments: Collection[str], options: Any) -> Iterator[Any]:
    """Yield the messages of a template, as Babel's own extraction methods do."""
    source = templatize(file.read().decode("utf-8"), origin=getattr(file, "name", ""))
    names = dict.fromkeys([*keywords, "gettext", "ngettext", "pgettext"])
    yield from extract_python(BytesIO(source.encode("utf-8")), names, comments, {"encoding": "utf-8"})
