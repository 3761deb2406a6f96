"""The application around the desk: one screen, one widget, and the road from terminal and threads to the desk.

Only Textual and the first view are imported before the first frame; the till is loaded behind the log-in.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, cast

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_FPS", "240")
os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")

from textual import events
from textual.app import App
from textual.screen import Screen

from kassa_tui.blackbox import BlackBox, Recorder
from kassa_tui.keymap import KeyMap
from kassa_tui.messages import words
from kassa_tui.notify import ALIVE, READY, STOPPING, Notify
from kassa_tui.screens.attendant import Attendant
from kassa_tui.screens.canvas import Canvas
from kassa_tui.screens.counter import Counter
from kassa_tui.screens.desk import Desk, Host
from kassa_tui.screens.keyboard import KassaDriver, Stroke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kassa_tui.config import Config
    from kassa_tui.domain.outcome import Done
    from kassa_tui.services.device_states import Publisher
    from kassa_tui.services.ports import CardState
    from kassa_tui.services.till import Till

P = ParamSpec("P")

MIN_WIDTH, MIN_HEIGHT = 60, 20
BELLS = {"ok": "", "paid": "\a", "unknown": "\a\a", "age": "\a\a\a", "refused": "\a\a"}
"""Patterns of the terminal bell; what went well is silent but for the end of a sale."""


class TillScreen(Screen[None]):
    """Holds the canvas."""

    DEFAULT_CSS = "TillScreen { layout: vertical; overflow: hidden; background: ansi_default; }"
    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False

    def compose(self) -> Iterator[Canvas]:
        """One widget."""
        yield Canvas()

    def on_mount(self) -> None:
        """The canvas is there: the application may draw."""
        cast("KassaApp", self.app).begin(self.query_one(Canvas))


class KassaApp(App[int], Host, inherit_bindings=False):
    """The till on a terminal."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    CSS = ""

    def __init__(self, options: Mapping[str, str | None], *, demo: bool = False) -> None:
        super().__init__(driver_class=KassaDriver, ansi_color=True)
        self.options, self.demo = options, demo
        self.desk = Desk(words("nl"), KeyMap(), self)
        self.counter = Counter(self.desk)
        self.desk.views.append(self.counter)
        self.canvas: Canvas | None = None
        self.trouble: list[str] = []
        """Why the till could not start, for the command line to print."""
        self._touched = time.monotonic()
        self.box, self.recorder = BlackBox(), cast("Recorder | None", None)
        self.watchdog = Notify(os.environ)
        self.attendant = Attendant(self.desk, self)
        self.publisher: Publisher | None = None
        self.real_till: Till | None = None
        """The till behind the one for practice."""

    def get_default_screen(self) -> Screen[None]:
        """The only screen."""
        return TillScreen(id="_default")

    def begin(self, canvas: Canvas) -> None:
        """First frame, then the rest."""
        self.canvas = canvas
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.hung_up)
        self.repaint()
        self.call_after_refresh(self._load)

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew at the new size."""
        self.call_later(self.repaint)

    def strokes(self, strokes: list[Stroke]) -> None:
        """Keys and scans of one read, in order."""
        with self._painted():
            for stroke in strokes:
                self._remember(stroke)
                if isinstance(stroke, str):
                    self._guarded(self.desk.scan, stroke)
                else:
                    self._guarded(self.desk.key, *stroke)
            self._touched = time.monotonic()

    async def on_event(self, event: events.Event) -> None:
        """Keys that arrive by Textual's own road (a test's pilot) take ours."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.strokes([(event.key, event.character)])
            return
        await super().on_event(event)

    def scanned(self, code: str) -> None:
        """A scan from a device's thread."""
        self._from_thread(lambda: self._scanned(code))

    def _remember(self, stroke: Stroke) -> None:
        """For the black box; what is typed while a PIN is asked for is no more than stars."""
        if isinstance(stroke, str):
            self.box.scan(stroke, self.desk.top.secret)
        else:
            self.box.key(stroke[0], self.desk.top.secret)

    def traffic(self, device: str, direction: str, data: bytes, size: int) -> None:
        """What went over the line to a device, for the black box; called on the device's thread."""
        if device == "scanner" and self.desk.top.secret:
            data = b"*" * len(data)
        self.box.traffic(device, direction, data, size)

    def _scanned(self, code: str) -> None:
        self._remember(code)
        self.desk.scan(code)
        self._touched = time.monotonic()

    def later(self, work: Callable[[], object]) -> None:
        """Do something on the screen's own thread; called on any."""
        self._from_thread(work)

    def hung_up(self) -> None:
        """The terminal is gone, or the system stops: end in good order, the ticket is safe."""
        self.exit(0)

    def repaint(self) -> None:
        """Bring the screen up to the desk."""
        if self.canvas is None:
            return
        width, height = self.size
        if width < MIN_WIDTH or height < MIN_HEIGHT:
            text = self.desk.t("Te klein scherm: {width}x{height}", width=width, height=height)
            self.canvas.paint([((text[:width], "text"),)] + [()] * (height - 1), width)
            return
        rows = self.desk.rows(width, height)
        self.canvas.paint(rows, width)
        self.box.screen(rows, self.desk.top.entry if self.desk.top.secret else "")

    def sound(self, sound: str) -> None:
        """The terminal's bell, in a pattern."""
        bells = BELLS.get(sound, "")
        if bells and self._driver is not None:
            self._driver.write(bells)

    def clock(self) -> str:
        """Hours and minutes."""
        return time.strftime("%H:%M")

    def act(self, act: str) -> bool:
        """What works in every view."""
        if act == "help":
            from kassa_tui.screens.help import show_help

            show_help(self.desk)
            return True
        if act == "lock" and self.desk.till is not None and self.desk.till.person is not None:
            from kassa_tui.services import access

            self.desk.home()
            self.desk.act(access.lock)
            return True
        return False

    def language(self, language: str) -> None:
        """The person's own language."""
        shop = self.desk.shop_words
        own = language and not shop.language.startswith(language)
        self.desk.words = words(language) if own else shop

    def card_told(self, state: CardState) -> None:
        """The terminal's word, brought to the loop."""
        self.box.note(f"card terminal: {state.state}")
        if self.publisher is not None and self.real_till is None:
            self.publisher.card(state)
        self._from_thread(lambda: self.counter.pay.told(state) if self.counter.pay else None)

    def printed(self, text: str, kicked: bool) -> None:
        """Paper of a printer on the screen; called on the print thread."""
        self._from_thread(lambda: self._show_paper(text, kicked))

    def _show_paper(self, text: str, kicked: bool) -> None:
        if kicked:
            self.desk.drawer_open = True
        if text.strip():
            self.desk.paper = text.rstrip().splitlines()

    def training(self) -> None:
        """Change between the real till and the one for practice."""
        from kassa_tui.services import training

        till = self.desk.till
        assert till is not None
        self.desk.act_then(lambda done: self._change_till(till, done), training.switch, not till.training)

    def _change_till(self, till: Till, done: Done) -> None:
        """The real till journals both ways, as `headless` does."""
        from kassa_tui import bootstrap

        if self.real_till is not None:
            real, self.real_till = self.real_till, None
            real.person = till.person
            till.close()
            real.store.record("training.off", dict(done.facts), real.who)
            self.use(real)
            return
        till.store.record("training.on", dict(done.facts), till.who)
        practice = bootstrap.open_till(till.config, training=True, screen=self, traffic=self.traffic)
        practice.person, self.real_till = till.person, till
        self.use(practice)

    def support(self) -> None:
        """A file for the helpdesk, made on a thread of its own; the message line says where it is."""
        if self.desk.till is not None and self.recorder is not None:
            work = partial(self._make_support, self.desk.till.config, self.recorder)
            threading.Thread(target=work, name="support", daemon=True).start()

    def _make_support(self, config: Config, recorder: Recorder) -> None:
        from kassa_tui.clock import SystemClock
        from kassa_tui.services import support

        recorder.write()
        try:
            path = support.make(config, SystemClock(), time.strftime("%Y%m%d-%H%M%S"))
            text = self.desk.t("Bestand voor de helpdesk: {path}", path=path)
        except Exception as error:  # noqa: BLE001  told in words, and the till goes on
            from kassa_tui.failures import explain

            text = explain(error, self.desk.words)[0]
        self._from_thread(lambda: self.desk.tell(text))

    def quit(self) -> None:
        """Leave in good order."""
        self.exit(0)

    def _load(self) -> None:
        threading.Thread(target=self._import, name="load", daemon=True).start()

    def _import(self) -> None:
        """The slow part of loading, beside the first frame."""
        import kassa_tui.bootstrap
        import kassa_tui.screens.pay
        import kassa_tui.screens.sell_acts
        import kassa_tui.services.access
        import kassa_tui.services.shifts

        try:
            config = kassa_tui.bootstrap.prepare(self.options, demo=self.demo)
        except Exception as error:  # noqa: BLE001  told to the person who started it, in words
            self._from_thread(lambda error=error: self._cannot_start(error))  # type: ignore[misc]
            return
        self._from_thread(lambda: self._open(config))

    def _open(self, config: Config) -> None:
        from kassa_tui import bootstrap

        try:
            self.desk.keymap = bootstrap.key_map(config)
            till = bootstrap.open_till(config, screen=self, traffic=self.traffic)
        except Exception as error:  # noqa: BLE001
            self._cannot_start(error)
            return
        self.desk.shop_words = words(config.shop.language)
        self.desk.words = self.desk.shop_words
        self.use(till)
        self.recorder = Recorder(self.box, config.till.data)
        self.watchdog.tell(READY)
        self.publisher = bootstrap.make_publisher(config)
        self.attendant.publish = self.publisher.tell
        devices = bootstrap.make_devices(config, self.attendant, self.traffic)
        self.attendant.listen(devices, bootstrap.make_customer(config, devices))
        self.set_interval(1.0, self._tick)
        self.set_timer(1.0, self._settle)

    def use(self, till: Till) -> None:
        """Put a till behind the desk; what it must write of the open ticket waits until the screen is up to date."""
        from kassa_tui.screens.office_view import watch_office

        till.settles_itself = False
        self.desk.till = till
        watch_office(self.desk, till)
        self.desk.home()
        self.counter.equip()
        if self.counter.pay is not None:
            self.counter.pay.ask_terminal()
        self.counter.login.catch_up()
        self.repaint()
        self.attendant.equip(till)

    def _cannot_start(self, error: Exception) -> None:
        from kassa_tui.failures import exit_code, explain

        self.trouble = explain(error, self.desk.words)
        self.exit(exit_code(error))

    def _settle(self) -> None:
        """What was built to start stays for good: take it out of the collector's way."""
        gc.enable()
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)

    def _tick(self) -> None:
        self.watchdog.tell(ALIVE)
        till = self.desk.till
        if till is None:
            return
        rules, idle = till.config.rules, time.monotonic() - self._touched
        if till.quantity and rules.quantity_seconds and idle > rules.quantity_seconds:
            till.quantity = None
        if till.person is not None and not till.locked and rules.auto_lock_seconds and idle > rules.auto_lock_seconds:
            self.act("lock")
        if idle < 2:
            self.desk.look_at_drawer()
        self.desk.second()
        self.repaint()

    def _from_thread(self, work: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it whoever wanted to know
                self._loop.call_soon_threadsafe(self._run, work)

    def _run(self, work: Callable[[], object]) -> None:
        with self._painted():
            self._guarded(work)

    def _guarded(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """One place where a fault of ours ends: logged, told in a line, and the till goes on with its ticket."""
        try:
            work(*args, **kwargs)
        except Exception:
            import logging

            logging.getLogger("kassa").exception("fault in an act")
            self.box.note("fault in an act")
            if self.recorder is not None:
                self.recorder.flush()
            self.desk.tell(self.desk.t("Er ging iets mis; de bon is bewaard. Bel de helpdesk."), "bad", "refused")

    @contextmanager
    def _painted(self) -> Iterator[None]:
        """Acts, then the screen, then the open ticket's way to the disk."""
        with self._context():
            yield
            self._guarded(self.repaint)
            if self.desk.till is not None:
                self.desk.till.settle()
            self._guarded(self.attendant.look)


def start(demo: bool, options: Mapping[str, str | None]) -> int:
    """Run the till on this terminal, with ``--config`` or ``--data``; the exit code of ``kassa till``."""
    app = KassaApp(options, demo=demo)
    code = app.run(mouse=False)
    app.watchdog.tell(STOPPING)
    app.attendant.close()
    if app.publisher is not None:
        app.publisher.close()
    if app.recorder is not None:
        app.recorder.close()
    for till in (app.real_till, app.desk.till):
        if till is not None:
            till.close()
    for line in app.trouble:
        os.write(2, f"kassa: {line}\n".encode())
    return code if isinstance(code, int) else app.return_code or 0
