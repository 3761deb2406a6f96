"""``python -m kassa_office`` is ``kassa-office``."""

from __future__ import annotations

import sys

from kassa_office.cli import main

if __name__ == "__main__":
    sys.exit(main())
