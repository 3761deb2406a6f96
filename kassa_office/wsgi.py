"""The office as a WSGI application."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kassa_office.settings")

application = get_wsgi_application()
gc.collect()
# What a process holds from its start is looked through no more: that took a tenth of a second, now and then.
gc.freeze()
