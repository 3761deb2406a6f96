"""Copies of a till's files that were read again, and the way back."""

from __future__ import annotations

import time
from pathlib import Path

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE

STAMP = "%Y%m%d-%H%M%S"


def backup(call: Call) -> int:
    """One archive in a folder; a till may be selling."""
    from kassa_tui.bootstrap import data_folder
    from kassa_tui.storage import backup as archives
    from kassa_tui.storage import keys

    config = call.config()
    path = archives.write(
        data_folder(config), Path(call.args.dir), config.till.id, time.strftime(STAMP), keys.verify,
        with_key=call.args.with_key,
    )  # fmt: skip
    call.show({"file": str(path), "bytes": path.stat().st_size}, str(path))
    return DONE


def restore(call: Call) -> int:
    """An archive back in place; what was there is kept beside it, the journal says so, and numbers go on."""
    from kassa_tui.bootstrap import data_folder
    from kassa_tui.clock import SystemClock, uuid7_source
    from kassa_tui.services.setup import give_to_owner
    from kassa_tui.storage import backup as archives
    from kassa_tui.storage import keys, spool
    from kassa_tui.storage.journal import receipt_number
    from kassa_tui.storage.till_store import TillStore

    config = call.config()
    archive, data, till = Path(call.args.file), data_folder(config), config.till.id

    def enter(folder: Path, restored: archives.Restored) -> None:
        store = TillStore(folder, restored.code, SystemClock(), uuid7_source())
        try:
            body = {"file": archive.name, "seq": restored.after.seq, "before": restored.before.seq,
                    "forced": bool(call.args.force)}  # fmt: skip
            store.record("restore", body | restored.taken._asdict(), "")
            store.spool(spool.doubt_all)
        finally:
            store.close()

    numbers = {code or till: number for code, number in call.args.next_receipt}
    try:
        found = archives.restore(archive, data, till, time.strftime(STAMP), keys.verify, enter,
                                 force=call.args.force, next_receipt=numbers)  # fmt: skip
    finally:
        give_to_owner(data)
    told, lines = [], []
    for code, before, after, taken in found:
        told.append({"before": before.seq, "seq": after.seq, "next_receipt": taken.receipt + 1})
        number = receipt_number(code, taken.receipt + 1)
        text = call.t("Teruggezet tot en met regel {seq} (hier stonden er {before}); de volgende bon wordt {number}",
                      seq=after.seq, before=before.seq, number=number)  # fmt: skip
        lines.append(text if code == till else f"{code}: {text}")
    channels = {each.code: facts for each, facts in zip(found[1:], told[1:], strict=True)}
    call.show({"file": str(archive), **told[0], "channels": channels}, "\n".join(lines))
    return DONE
