"""A file for the helpdesk: everything that explains a fault, and nothing about a customer.

What is taken along is masked as text: names of customers wherever they stand, numbers of vouchers, the digits of cards,
whatever the settings call a secret, and letters that were typed one by one. It is better to hide too much.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui import blackbox
from kassa_tui.services import health, machine
from kassa_tui.storage.database import translated

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.storage.journal import Clock

FOLDER, RING = "support", "blackbox.jsonl"
KEPT = 5
"""Files in the till's own folder; a sixth takes the place of the oldest."""
LOG_BYTES = 400_000
"""Of the end of each log."""
MASK = "•"

_SECRET = re.compile(
    r'(?i)^(\s*["\']?[\w-]*(?:pin_code|pass|secret|token|api_?key|private|credential)[\w-]*["\']?\s*=\s*).*'
)
_VOUCHER = re.compile(r"(?i)\bTB(\d{10})\b")
_MASKED_CARD = re.compile(r"(?:[*xX•]{2,}[ -]?)+\d{2,6}\b")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){14,18}(?!\d)")
_PACKED = re.compile(r"[0-9]{13,}")
_WORD = re.compile(r"\w{4,}")
_PAGES = ("latin-1", "cp858", "cp437", "cp1252")
"""Of one byte a character each, so that a place in the text is one in the bytes."""
_LAST_WORD = re.compile(rb"[A-Za-z\x80-\xff]+\Z")


def mask(text: str, names: Iterable[str] = ()) -> str:
    """``text`` without vouchers, cards and these names; parts of a name go too, in whatever case."""
    text = _VOUCHER.sub(lambda found: "TB" + MASK * len(found[1]), text)
    text = _MASKED_CARD.sub(lambda found: MASK * len(found[0]), text)
    text = _CARD.sub(_hidden_card, text)
    lower = text.lower()
    for name in sorted(names, key=len, reverse=True):
        if name in lower:
            text = re.sub(re.escape(name), MASK * len(name), text, flags=re.IGNORECASE)
    return text


def _hidden_card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return MASK * len(found[0]) if luhn(digits) else found[0]


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit that card numbers have (ISO/IEC 7812-1)."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def settings(text: str) -> str:
    """``till.toml`` without what is secret in it."""
    return "\n".join(_SECRET.sub(rf'\1"{MASK * 3}"', line) for line in text.splitlines()) + "\n"


def pieces(names: Iterable[str]) -> set[str]:
    """What is looked for of names: each whole, and each word of at least four letters, which a screen may cut off."""
    found = set()
    for name in names:
        whole = name.strip().lower()
        if len(whole) >= 3:
            found.add(whole)
        found |= {word for word in _WORD.findall(whole) if not word.isdigit()}
    return found


def customers(data: Path) -> list[str]:
    """Everything that these books call a customer: the list, tickets, parked tickets. Missing books name nobody."""
    queries = {
        "shop.db": ("select name from customer", "select vat_id from customer where vat_id != ''"),
        "till.db": ("select distinct customer from sale where customer != ''", "select name from parked",
                    "select body from draft"),
    }  # fmt: skip
    found: list[str] = []
    for file, asked in queries.items():
        if not (data / file).exists():
            continue
        con = sqlite3.connect(f"file:{data / file}?mode=ro", uri=True, timeout=5)
        try:
            for query in asked:
                found += [text for row in con.execute(query) for text in _said(str(row[0]), "draft" in query)]
        except sqlite3.Error:
            continue
        finally:
            con.close()
    return found


def _said(text: str, body: bool) -> list[str]:
    if not body:
        return [text]
    try:
        facts = json.loads(text)
    except ValueError:
        return []
    return [str(value) for key, value in _pairs(facts) if key.startswith("customer") and isinstance(value, str)]


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key, each
            yield from _pairs(each)
    elif isinstance(value, list):
        for each in value:
            yield from _pairs(each)


def ring(data: Path, names: Iterable[str]) -> str:
    """The black box of this till as one file, masked."""
    names = list(names)
    lines = []
    for part in (blackbox.BEFORE, blackbox.NOW):
        kept = blackbox.read(_tail(data / blackbox.FOLDER / part, blackbox.MAX_BYTES).split("\n"))
        lines += [blackbox.line(_masked(event, names)) for event in kept]
    return "".join(lines)


def _masked(event: blackbox.Event, names: list[str]) -> blackbox.Event:
    at, kind, what = event
    if kind == blackbox.KEY:
        # A name typed letter by letter would be no secret.
        return at, kind, MASK if len(what) == 1 and what.isalpha() else what
    if kind == blackbox.SCREEN:
        return at, kind, (what[0], {y: mask(text, names) for y, text in what[1].items()})
    if kind == blackbox.DEVICE:
        name, direction, data, size = what
        return at, kind, (name, direction, traffic(data, names, size), size)
    return at, kind, mask(str(what), names)


def traffic(data: str, names: Iterable[str], size: int = 0) -> str:
    """Hexadecimal bytes without a card's digits, be they ASCII or packed two a byte, and without a customer's name in
    any page that devices use. Of a message of ``size`` bytes of which only the beginning was kept, the last word goes
    too: it may be the beginning of a name."""
    raw, names = bytes.fromhex(data), list(names)
    hidden = {at for page in _PAGES for at, char in enumerate(mask(raw.decode(page, "replace"), names)) if char == MASK}
    if size > len(raw) and (last := _LAST_WORD.search(raw)):
        hidden.update(range(last.start(), len(raw)))
    data = "".join("2a" if at in hidden else f"{byte:02x}" for at, byte in enumerate(raw))
    return _PACKED.sub(lambda found: _hidden_packed(found[0]), data)


def _hidden_packed(digits: str) -> str:
    """A run of digits without every stretch of it that could be a card's number: 13 to 19 of them, begun by 3 to 6."""
    shown = list(digits)
    for first in range(len(digits) - 12):
        for size in range(13, min(19, len(digits) - first) + 1):
            if digits[first] in "3456" and luhn(digits[first : first + size]):
                shown[first : first + size] = "*" * size
    return "".join(shown)


def _tail(path: Path, size: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - size, 0))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def make(config: Config, clock: Clock, stamp: str, target: Path | None = None) -> Path:
    """Write ``kassa-support-<till>-<stamp>.tar.gz`` into ``target``, else into the till's own folder for them.

    StorageError where it cannot be written.
    """
    data = config.till.data
    folder = target or data / FOLDER
    names = pieces(customers(data))
    findings = health.examine(config, clock, lambda device: machine.reach(device, config))
    members = {
        "till.toml": settings(mask(config.path.read_text("utf-8", "replace"), names)),
        "doctor.json": _json([{"part": each.part, "state": each.state, "code": each.code, "facts": each.facts}
                              for each in findings]),
        "about.json": _json(_about(config, clock)),
        RING: ring(data, names),
    }  # fmt: skip
    for path in sorted(data.glob("kassa.log*")):
        members[path.name] = mask(_tail(path, LOG_BYTES), names)
    archive = folder / f"kassa-support-{config.till.id}-{stamp}.tar.gz"
    with translated(folder):
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        _pack(archive, members)
        if target is None:
            for old in sorted(folder.glob("kassa-support-*.tar.gz"))[:-KEPT]:
                old.unlink()
    return archive


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


def _about(config: Config, clock: Clock) -> dict[str, Any]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("kassa")
    except PackageNotFoundError:
        number = ""
    now = clock.now()
    return {"kassa": number, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
            "system": platform.platform(), "till": config.till.id, "at": now.at, "offset": now.offset}  # fmt: skip


def _pack(archive: Path, members: dict[str, str]) -> None:
    fresh = archive.with_name(f".{archive.name}.new")
    try:
        with tarfile.open(fresh, "w:gz") as tar:
            for name, text in members.items():
                raw = text.encode("utf-8")
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(raw), 0o640
                tar.addfile(info, io.BytesIO(raw))
        fresh.replace(archive)
    finally:
        fresh.unlink(missing_ok=True)


Frame = tuple[float, list[str], list[blackbox.Event]]
"""UTC seconds, the screen from then on, and what happened since the frame before it."""


def frames(events: Iterable[blackbox.Event]) -> list[Frame]:
    """The screens of a recording, one for each change, each with what led to it."""
    found: list[Frame] = []
    screen: list[str] = []
    since: list[blackbox.Event] = []
    for event in events:
        if event[1] != blackbox.SCREEN:
            since.append(event)
            continue
        screen = blackbox.applied(screen, event[2])
        found.append((event[0], screen, since))
        since = []
    if since:
        found.append((since[-1][0], screen, since))
    return found


def recording(path: Path) -> list[blackbox.Event]:
    """The events in a support file, or in a file of the black box itself; ValueError where it is neither."""
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            try:
                member = tar.extractfile(RING)
            except KeyError:
                member = None
            if member is None:
                raise ValueError(RING)
            return blackbox.read(member.read(8 * blackbox.MAX_BYTES).decode("utf-8", "replace").split("\n"))
    events = blackbox.read(path.read_text("utf-8", "replace").split("\n"))
    if not events:
        raise ValueError(str(path))
    return events
