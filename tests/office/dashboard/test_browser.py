"""The pages in a real browser, on a telephone and on a desk: figures that move, an empty console, nothing too wide."""

from __future__ import annotations

import socketserver
import threading
import wsgiref.simple_server
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.utils import timezone

from kassa_office.dashboard import figures, formats
from kassa_office.journal.models import Alarm
from tests.office.conftest import TillHere
from tests.office.dashboard.browser import Browser, chromium
from tests.office.dashboard.conftest import PASSWORD, MakeUser, send
from tests.office.journals import line

PROGRAM = chromium()
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed"),
    pytest.mark.parametrize("office_db", ["sqlite"], indirect=True),
]
SIZES = [(375, 800), (1280, 900)]
PAGES = ["/omzet/?per=hour", "/omzet/?periode=maand&per=day", "/artikelen/", "/bijzonderheden/", "/z/", "/z/B1/K1/1/",
         "/meldingen/", "/kassas/", "/kassas/K1/", "/volledig/", "/volledig/K1/", "/logboek/", "/account/"]  # fmt: skip
Company = dict[str, TillHere]


class _Threads(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def address(company: Company, make_user: MakeUser) -> Iterator[str]:
    """An office that answers, with one user: marie."""
    make_user("marie", "owner")
    handler = StaticFilesHandler(WSGIHandler())
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, handler, _Threads, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def browser(office_db: object) -> Iterator[Browser]:
    assert PROGRAM is not None
    made = Browser(PROGRAM)
    yield made
    made.close()


def log_in(browser: Browser, address: str) -> None:
    browser.go(f"{address}/")
    browser.ask("document.querySelector('[name=username]').value = 'marie'")
    browser.ask(f"document.querySelector('[name=password]').value = '{PASSWORD}'")
    browser.ask("document.querySelector('form.stack button').click()")
    browser.loaded()


def fits(browser: Browser) -> bool:
    """Nothing makes the page wider than the window."""
    return bool(browser.ask("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_figures_move_after_a_sale(
    address: str, browser: Browser, company: Company, width: int, height: int, tmp_path: Path
) -> None:
    browser.size(width, height)
    log_in(browser, address)
    before = figures.total(["B1", "B2"], figures.today(), figures.today()).amount
    shown = "document.querySelector('.tile .figure').textContent"
    assert formats.euro(before) in browser.ask(shown)
    assert browser.ask("document.querySelectorAll('.chart canvas').length") == 1
    assert fits(browser)
    here = company["K1"]
    here.book.sale(line("6", 100_000))
    send(here, len(here.book.entries))
    browser.wait(f"{shown}.includes('{formats.euro(before + 100_000)}')")
    assert browser.ask("document.querySelectorAll('.chart canvas').length") == 1
    browser.shoot(tmp_path / "today.png")
    assert browser.troubles == []


def test_what_did_not_change_is_not_sent_again(address: str, browser: Browser) -> None:
    log_in(browser, address)
    browser.ask("document.getElementById('live').dataset.first = 'yes'")
    browser.ask("new Promise((done) => document.addEventListener('htmx:afterRequest',"
                " (event) => done(event.detail.xhr.status)))")  # fmt: skip
    browser.wait("true")
    statuses = [status for url, status in browser.statuses if url == f"{address}/"]
    assert statuses[-1] in (200, 304)
    if statuses[-1] == 304:
        assert browser.ask("document.getElementById('live').dataset.first") == "yes"
        assert "€" in browser.ask("document.querySelector('.tile .figure').textContent")
    assert browser.troubles == []


def test_an_office_that_is_gone_is_said(address: str, browser: Browser) -> None:
    log_in(browser, address)
    assert browser.ask("document.getElementById('offline').hidden") is True
    browser.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    browser.wait("!document.getElementById('offline').hidden")
    assert "€" in browser.ask("document.querySelector('.tile .figure').textContent")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_page_fits_and_the_console_stays_empty(
    address: str, browser: Browser, company: Company, width: int, height: int, tmp_path: Path
) -> None:
    now = timezone.now()
    Alarm.objects.create(code="gap", branch="B1", till="K1", first_at=now, last_at=now, facts={"from": 3, "high": 9})
    browser.size(width, height)
    log_in(browser, address)
    for number, page in enumerate(PAGES):
        browser.go(f"{address}{page}")
        browser.shoot(tmp_path / f"{number}.png")
        assert fits(browser), page
        assert browser.ask("document.querySelectorAll('h1').length") == 1, page
        assert browser.ask("[...document.querySelectorAll('table')].every((one) => one.caption)"), page
        labelled = "one.type === 'hidden' || one.labels.length || one.ariaLabel"
        assert browser.ask(f"[...document.querySelectorAll('input, select')].every((one) => {labelled})"), page
    assert [one for one in browser.statuses if one[1] >= 400] == []
    assert browser.troubles == []


def test_the_menu_of_a_telephone(address: str, browser: Browser) -> None:
    browser.size(375, 800)
    log_in(browser, address)
    seen = "document.querySelector('#nav a').offsetParent !== null"
    assert browser.ask(seen) is False
    browser.ask("document.querySelector('.burger').click()")
    assert browser.ask(seen) is True
    assert browser.ask("document.querySelector('.burger').getAttribute('aria-expanded')") == "true"
