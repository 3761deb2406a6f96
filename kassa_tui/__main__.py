"""``python -m kassa_tui`` is ``kassa``."""

import sys

from kassa_tui.cli import main

sys.exit(main())
