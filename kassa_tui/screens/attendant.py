"""Between the devices on their threads and the desk on the screen's: what they tell is brought over, nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from kassa_tui.screens.keyboard import Stroke, stroke_of

if TYPE_CHECKING:
    from kassa_tui.config import Device
    from kassa_tui.domain.outcome import Refused
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.ports import DeviceState, Heard, Learning, Scale
    from kassa_tui.services.showing import Customer
    from kassa_tui.services.till import Till


class Watched(Protocol):
    """The devices of a till, as far as the screens know them."""

    @property
    def scale(self) -> Scale | None:
        """The scale, where there is one."""

    def states(self) -> Sequence[DeviceState]:
        """How each of them is; never waits."""

    def learn(self, role: str, taken: Iterable[str], told: Callable[[Heard], None]) -> Learning:
        """Listen for a new one."""

    def adopt(self, settings: Iterable[Device], anew: str = "") -> None:
        """Go over to these scanners and keyboards."""

    def start(self) -> None:
        """Begin to open them."""

    def close(self) -> None:
        """End them, within seconds."""


class Application(Protocol):
    """The program around the desk."""

    def scanned(self, code: str) -> None:
        """A scan; called on any thread."""

    def strokes(self, strokes: list[Stroke]) -> None:
        """Keys in order; called on the screen's thread."""

    def later(self, work: Callable[[], object]) -> None:
        """Do something on the screen's thread; called on any."""


class Attendant:
    """Hears the devices, and keeps the customer's display up to date."""

    def __init__(self, desk: Desk, app: Application) -> None:
        self._desk, self._app = desk, app
        self._devices: Watched | None = None
        self._customer: Customer | None = None
        self.publish: Callable[[Sequence[DeviceState]], object] = lambda states: None
        """Tells other programs how the devices are; called on any thread."""

    def listen(self, devices: Watched, customer: Customer | None) -> None:
        """Begin; no device is waited for."""
        self._devices, self._customer = devices, customer
        self._desk.learns = devices
        self.equip(self._desk.till)
        self._look_at_devices()
        self.publish(devices.states())
        devices.start()

    def equip(self, till: Till | None) -> None:
        """Give a till that comes behind the desk its scale and its customer's display."""
        if till is not None and self._devices is not None:
            till.scale = self._devices.scale
        self.look()

    def look(self) -> None:
        """Show the customer what changed; asked after every act, and free where nothing did."""
        if self._customer is not None and self._desk.till is not None:
            self._customer.look(self._desk.till)

    def close(self) -> None:
        """End the devices."""
        if self._devices is not None:
            self._devices.close()

    def scanned(self, code: str) -> None:
        """A scan; called on the device's thread."""
        self._app.scanned(code)

    def scan_broken(self) -> None:
        """A code that was thrown away; called on the device's thread."""
        self._app.later(self._desk.scan_broken)

    def pressed(self, presses: Sequence[tuple[str, str]]) -> None:
        """Keys of a keyboard of the till's own, in order; called on its thread."""
        self._app.later(lambda: self._press(presses))

    def device_told(self, role: str, trouble: Refused | None) -> None:
        """A device went away or came back; called on its thread."""
        self._app.later(self._look_at_devices)
        if self._devices is not None:
            self.publish(self._devices.states())

    def _press(self, presses: Sequence[tuple[str, str]]) -> None:
        for kind, value in presses:
            if kind == "act":
                self._desk.press(value)
                self._app.strokes([])  # somebody is there: the till does not lock itself
            elif kind == "key":
                self._app.strokes([(value, None)])
            else:
                self._app.strokes([stroke_of(char) for char in value])

    def _look_at_devices(self) -> None:
        if self._devices is not None:
            self._desk.devices = self._devices.states()
