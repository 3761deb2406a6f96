"""The only floor that speaks SQL: two SQLite files, one writer each.

peewee loads every database driver it finds. Where the office lives in the same environment that is PostgreSQL's, 10 MB
and a tenth of a second for a till that has SQLite; so for the time of that import it is not to be found.
"""

from __future__ import annotations

import sys

if "peewee" not in sys.modules and "psycopg" not in sys.modules:
    sys.modules["psycopg"] = None  # type: ignore[assignment]
    try:
        import peewee  # noqa: F401
    finally:
        del sys.modules["psycopg"]
