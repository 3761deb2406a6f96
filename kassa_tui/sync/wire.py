"""The messages between a till and the office, with their version.

The office imports this module too, so there is one definition of each message. Messages are JSON objects, compressed
with zstd (or gzip, or not at all) as ``Content-Encoding`` says. Within a version fields are only added, each with a
default; a reader leaves alone what it does not know. ``docs/wire.md`` says the same in words, ``tests/sync/golden`` in
bytes.

Amounts are cents, quantities thousandths, times UTC milliseconds since 1970, dates local ISO dates, hashes and keys
hexadecimal.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SCHEMA = 1
"""Version of the messages that this program writes; it reads this one and, where there are any, the three before it."""
OLDEST_SCHEMA = 1

MAX_ENTRIES = 500
"""Journal entries in one batch."""
MAX_BODY_BYTES = 8 << 20
"""Largest message, unpacked: 500 entries of 16 KB. What is larger is refused before it is read in."""
MAX_FEED_ROWS = 1000
"""Rows in one page of the feed."""
PATH = "/api/v1"
VERSION_SHAPE = r"[0-9][A-Za-z0-9.+-]{0,39}"
"""What a program version looks like, in ASCII; anything else is not passed on."""

Status = Literal["stored", "duplicate", "quarantined", "conflict"]


class Message(msgspec.Struct, omit_defaults=True):
    """A message, or a part of one."""


class Entry(Message):
    """One journal entry as it stands in ``till.db``; the till and the hash before it go without saying in a batch."""

    seq: int
    id: str
    """UUIDv7, 32 hexadecimal digits."""
    at: int
    offset: int
    who: str
    kind: str
    body: str
    """Canonical JSON, a text: the hash is over these very characters."""
    prev: str
    hash: str
    signature: str


class Batch(Message):
    """Up: entries in order of ``seq``, and how the journal stands at the till."""

    schema: int
    till: str
    now: int
    """The till's clock as it sends."""
    high: int
    """Last ``seq`` at the till: what is missing in the office is known even before it comes."""
    entries: list[Entry]
    epoch: str = ""
    """The office's database as the till knows it; empty before the first answer."""
    version: str = ""
    """Of the till's program."""


class Ack(Message):
    """What became of one entry. All but ``conflict`` mean that the till need not send it again."""

    seq: int
    status: Status
    code: str = ""
    """Why: ``hash``, ``signature``, ``chain``, ``unreadable``, ``other_till``."""


class BatchAnswer(Message):
    """The office's answer to a batch; given after it is on its disk."""

    schema: int
    epoch: str
    now: int
    """The office's clock."""
    acks: list[Ack]
    next: int
    """First ``seq`` that the office does not have; the till goes on there, whatever it sent before."""
    oldest_schema: int = OLDEST_SCHEMA
    latest_version: str = ""
    """Program version that the office would have the till run; empty for the one it runs."""


class Row(Message):
    """Down: one thing of the catalogue as it is now, or that it is gone."""

    seq: int
    table: str
    """``article``, ``group``, ``price``, ``vat_rate``, ``staff``, ``customer``, ``setting``, ``reason``, ``text``,
    ``branch``, ``stock``, ``parked``, ``message``; a till passes by what it does not know."""
    id: str
    op: Literal["put", "del"]
    data: dict[str, Any] = {}


class FeedPage(Message):
    """Down: what changed since a cursor, in an order that cannot skip a row."""

    schema: int
    epoch: str
    now: int
    rows: list[Row]
    cursor: int
    """Where to go on; as high as the office's counter when ``more`` is false."""
    more: bool = False
    sums: dict[str, str] = {}
    """Table → ``COUNT:HEX`` of the live rows that a till has which stands at ``cursor``; only with the last page, and
    not always. What they are made of: ``docs/wire.md``."""


class SnapshotInfo(Message):
    """The whole catalogue of a branch as one SQLite file, for a first load or where the feed does not reach back."""

    schema: int
    epoch: str
    cursor: int
    """The feed goes on from here."""
    size: int
    """Bytes of the compressed file."""
    unpacked: int
    """Bytes of the database in it."""
    sha256: str
    """Of the compressed file."""
    signature: str
    """Ed25519 by the office's key over the 32 bytes of ``sha256``."""


class Enrol(Message):
    """A machine asks to be a till, with a code that works once."""

    schema: int
    code: str
    public_key: str
    till: str = ""
    """Id that its ``till.toml`` has; empty takes the office's."""
    version: str = ""
    host: str = ""


class Enrolled(Message):
    """What a new till needs to know. ``token`` is said once and kept as a hash by the office."""

    schema: int
    epoch: str
    now: int
    till: str
    branch: str
    token: str
    office_key: str
    """Public key that signs snapshots."""
    replaces: bool = False
    """The till has a journal in the office: the machine takes it over before it sells."""
    high: int = 0
    """Last ``seq`` the old machine said it had, so that no number is given out twice."""
    receipt: int = 0
    """Last receipt number the old machine said it had given out."""


class DeviceState(Message):
    """One device as the till sees it."""

    role: str
    kind: str
    state: str
    """``ok``, or a code of what is wrong."""
    since: int = 0
    facts: dict[str, Any] = {}


class Heartbeat(Message):
    """Up, every minute: how the till is."""

    schema: int
    till: str
    now: int
    version: str
    high: int
    waiting: int
    """Entries that the office has not confirmed."""
    epoch: str = ""
    oldest: int = 0
    """When the first entry that waits was made; 0 when none waits."""
    receipt: int = 0
    """Last receipt number given out."""
    z: int = 0
    """Z number of the open shift; 0 when the till is closed."""
    turnover: int = 0
    """Cents of the sales among the entries that wait."""
    cursor: int = 0
    """How far the till is in the feed."""
    disk_free: int = 0
    """Bytes."""
    devices: list[DeviceState] = []
    doctor: dict[str, Any] = {}
    """Findings of the last ``kassa doctor``: code → state."""
    settings: str = ""
    """Fingerprint of the office's settings that the till holds to (`office_keys`); empty for none."""


class HeartbeatAnswer(Message):
    """What the office wants of a till."""

    schema: int
    epoch: str
    now: int
    next: int
    cursor: int
    """The feed's last number, so that a till knows whether it is up to date without asking for a page."""
    desired_version: str = ""
    """Program version that the till is to go over to; empty for the one it runs."""
    pull_snapshot: bool = False


class JournalPage(Message):
    """Down: a till's own journal, for a machine that takes its place."""

    schema: int
    epoch: str
    entries: list[Entry]
    keys: list[TillKey]
    high: int


class TillKey(Message):
    """A public key of a till and from which ``seq`` on it signs."""

    first: int
    public_key: str


class ReceiptFound(Message):
    """A sale of any till of the shop, for a return at another."""

    number: str
    till: str
    branch: str
    seq: int
    body: str
    """The ``sale`` entry's body, as it was journaled."""
    returned: dict[str, int] = {}
    """Line number → thousandths that came back already."""


class ParkedTicket(Message):
    """A ticket that was set aside at another till of the branch."""

    ticket: str
    till: str
    place: int
    name: str
    who: str
    at: int
    total: int
    draft: dict[str, Any] = {}
    """As ``ticket.park`` has it; only in the answer to a claim."""


class Voucher(Message):
    """A voucher's balance in the office."""

    number: str
    balance: int
    """Cents, less what other tills hold."""
    foreign: bool = False
    issued: str = ""
    """ISO date on which it was sold; empty where the office does not know."""


class Hold(Message):
    """An amount of a voucher set aside for one till until its sale is in, or for fifteen minutes."""

    number: str
    ticket: str
    amount: int


class ChannelClaim(Message):
    """Up: a till is the one that talks to a webshop, and sends the journal of its channel."""

    schema: int
    code: str
    """Of the channel."""
    name: str
    kind: str
    """``woocommerce``, ``magento``, ``prestashop``."""
    url: str
    """Of the webshop: no two channels have one."""
    public_key: str
    replaces: bool = False
    """The till's machine is another: its key goes on behind what the office has. Answered with ``high``, the last
    number that the old machine said it had, and ``receipt``, the last that it gave out."""
    """That signs the channel's journal."""


class Answer(Message):
    """Down: to a question that has a yes or a no."""

    ok: bool
    code: str = ""
    """``gone``, ``claimed``, ``unknown``, ``too_little``."""
    facts: dict[str, Any] = {}


class Problem(Message):
    """The body of any answer that is not 2xx."""

    code: str
    """``unauthorised``, ``forbidden``, ``too_large``, ``bad_message``, ``other_schema``, ``busy``, ``cursor_gone``,
    ``code_used`` …"""
    facts: dict[str, Any] = {}
