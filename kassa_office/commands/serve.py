"""Running the office: gunicorn for browsers and tills, and beside it the process of the regular jobs."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

from django.utils.translation import gettext as _

THREADS = 8
TIMEOUT_SECONDS = 60


def run_arguments(parser: argparse.ArgumentParser) -> None:
    """``--bind HOST:PORT`` and ``--workers N`` overrule ``office.toml``; ``--jobs-only`` and ``--no-jobs`` split it."""
    parser.add_argument("--bind", metavar="ADRES")
    parser.add_argument("--workers", type=int, metavar="N")
    parser.add_argument("--no-jobs", action="store_true", help="alleen de webserver")
    parser.add_argument("--jobs-only", action="store_true", help="alleen wat het kantoor uit zichzelf doet")
    parser.epilog = "Voorbeeld: kassa-office run --bind 0.0.0.0:8100"


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop. The jobs stop with the server, and the server with the jobs' terminal."""
    if options.jobs_only:
        return _jobs()
    _gather()
    jobs = None if options.no_jobs else subprocess.Popen([sys.executable, "-m", "kassa_office", "run", "--jobs-only"])
    try:
        _serve(options.bind, options.workers)
    finally:
        if jobs is not None:
            jobs.terminate()
            try:
                jobs.wait(timeout=20)
            except subprocess.TimeoutExpired:
                jobs.kill()
    return 0


def _gather() -> None:
    """An office that was set up by hand, or by an older program, has its static files all the same."""
    from django.conf import settings
    from django.core.management import call_command

    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        call_command("collectstatic", verbosity=0, interactive=False)


def _serve(bind: str | None, workers: int | None) -> None:
    from django.conf import settings
    from gunicorn.app.base import BaseApplication

    from kassa_office.wsgi import application

    chosen = {
        "bind": bind or settings.OFFICE.bind,
        "workers": workers or settings.OFFICE.workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": TIMEOUT_SECONDS,
        "keepalive": 15,
        "graceful_timeout": 20,
        "limit_request_line": 4094,
        "proc_name": "kassa-office",
        "errorlog": "-",
        "forwarded_allow_ips": "*" if settings.OFFICE.proxies else "127.0.0.1",
        "control_socket_disable": True,
    }

    class Server(BaseApplication):
        def load_config(self) -> None:
            for name, value in chosen.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return application

    print(_("Het kantoor staat open op %s") % settings.OFFICE.url, flush=True)
    try:
        Server().run()
    except SystemExit as ended:
        if ended.code:
            raise


def _jobs() -> int:
    from kassa_office import jobs
    from kassa_office.webshops import worker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_ignored: stop.set())
    threading.Thread(target=_with_parent, args=(os.getppid(), stop), daemon=True).start()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    shops = threading.Thread(target=worker.watch, args=(stop, holder), daemon=True)
    shops.start()
    jobs.run(stop, holder=holder)
    shops.join(15)
    return 0


def _with_parent(parent: int, stop: threading.Event) -> None:
    """A server that was killed takes its jobs with it."""
    while not stop.wait(5):
        if os.getppid() != parent:
            stop.set()
