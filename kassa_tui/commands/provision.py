"""``kassa provision``: a till set up by a signed file or a sheet of QR codes, without typing."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE, MISUSE, REFUSED
from kassa_tui.messages import N_

KEYS, TRUSTED = "keys", "provision.pub"
"""Beside ``till.toml``: who may set this till up."""
SUFFIX = ".kassa"
WORDS = {
    "not_ours": N_("dit is geen inrichting van een kassa"),
    "incomplete": N_("van de {of} codes ontbreken: {missing:list}"),
    "mixed": N_("dit zijn codes van twee inrichtingen door elkaar"),
    "no_trust": N_("deze kassa kent nog niemand die hem mag inrichten: kassa provision trust FILE"),
    "other_key": N_("getekend met een sleutel die deze kassa niet vertrouwt ({key}…)"),
    "tampered": N_("de handtekening klopt niet: het bestand is veranderd of beschadigd, vraag om een nieuw"),
    "expired": N_("verlopen op {until}: vraag om een nieuw"),
    "too_early": N_("gemaakt op {made}, later dan de klok van deze kassa: zet de klok goed (timedatectl)"),
    "too_new": N_("gemaakt door een nieuwere versie: werk eerst de kassa bij (kassa update)"),
}


def key(call: Call) -> int:
    """A key pair for who sets tills up: the secret half stays there, the public half goes to every till."""
    from kassa_tui.storage.keys import create_key

    path = Path(call.args.file)
    if path.exists():
        call.complain(call.t("{path} is er al; een sleutel wordt niet overschreven", path=path))
        return REFUSED
    signer = create_key(path)
    public = path.with_suffix(".pub")
    public.write_text(signer.public.hex() + "\n", "ascii")
    facts = {"key": str(path), "public": str(public)}
    call.show(facts, call.t("Sleutel {key}; naar de kassa's gaat {public}", **facts))
    return DONE


def trust(call: Call) -> int:
    """Let the holder of a key set this till up."""
    from kassa_tui.services import files, provision

    given = provision.keys(Path(call.args.file).read_text("utf-8", "replace"))
    if not given:
        call.complain(call.t("{path} is geen openbare sleutel", path=call.args.file))
        return MISUSE
    path = _trusted(call)
    known = provision.keys(path.read_text("ascii")) if path.exists() else []
    lines = [each.hex() for each in dict.fromkeys([*known, *given])]
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    files.replace(path, ("\n".join(lines) + "\n").encode())
    call.say(call.t("{n} sleutels in {path}", n=len(lines), path=path))
    return DONE


def make(call: Call) -> int:
    """Sign the answers: a file for a stick, and where asked for pictures of QR codes with their lines."""
    from kassa_tui import config as configuration
    from kassa_tui.clock import SystemClock
    from kassa_tui.services import provision, setup
    from kassa_tui.storage.keys import load_key

    answers: dict[str, Any] = configuration.read_toml(Path(call.args.answers))
    if call.args.till:
        answers["till"] = {**answers.get("till", {}), "id": call.args.till}
    target = Path(call.args.file)
    found = setup.judged(answers, target.absolute().with_name("till.toml"))
    if isinstance(found, tuple):
        for problem in found:
            call.complain(call.words.problem(problem))
        return MISUSE
    signer, now = load_key(Path(call.args.key)), SystemClock().now().at
    parcel = provision.pack(answers, now, now + call.args.days * 86_400_000, call.args.by, signer.public, signer.sign)
    target.write_text(provision.to_file(parcel), "utf-8")
    facts: dict[str, Any] = {"file": str(target), "till": found.till.id}
    if call.args.qr:
        facts |= _pictures(Path(call.args.qr), provision.to_lines(parcel), found.till.id)
    call.show(
        facts, call.t("{file} voor kassa {till}[, {codes} QR-codes]", codes=len(facts.get("qr", [])) or "", **facts)
    )
    return DONE


def _pictures(folder: Path, lines: list[str], till: str) -> dict[str, Any]:
    from kassa_tui.hardware import qr_pictures

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"kassa-{till}.txt").write_text("\n".join(lines) + "\n", "ascii")
    return {"qr": [str(path) for path in qr_pictures.save(lines, folder, f"kassa-{till}")]}


def apply(call: Call) -> int:
    """Take over a parcel: a file, a folder such as a stick with one, or ``-`` for codes that are scanned one by one."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.commands.setup import establish
    from kassa_tui.services import provision
    from kassa_tui.storage import keys

    parcel = provision.received(_read(call))
    path = _trusted(call)
    if isinstance(parcel, provision.Parcel):
        known = provision.keys(path.read_text("ascii", "replace")) if path.exists() else []
        contents = provision.opened(parcel, known, SystemClock().now().at, keys.verify)
    else:
        contents = parcel
    if isinstance(contents, provision.Trouble):
        return _refused(call, contents)
    call.say(call.t("Inrichting van {by}, goed tot {until}", by=contents.by, until=_day(contents.until)))
    return establish(call, contents.answers, _config(call))


def _read(call: Call) -> str:
    """The text of the file; of ``-`` line by line until all codes are there, or the input ends."""
    from kassa_tui.services import provision

    if call.args.file != "-":
        path = Path(call.args.file)
        if path.is_dir():
            path = max(
                path.glob(f"*{SUFFIX}"), key=lambda each: each.stat().st_mtime_ns, default=path / f"kassa{SUFFIX}"
            )
        return path.read_bytes()[: provision.MAX_BODY_BYTES * 4].decode("utf-8", "replace")
    text = ""
    while line := sys.stdin.readline():
        text += line
        found = provision.received(text)
        if isinstance(found, provision.Parcel):
            break
        if os.isatty(0):
            call.say(call.t(WORDS[found.code], **(found.facts or {})))
    return text


def _refused(call: Call, trouble: Any) -> int:
    facts = dict(trouble.facts or {})
    for name in facts.keys() & {"until", "made"}:
        facts[name] = _day(facts[name])
    call.complain(call.t(WORDS[trouble.code], **facts))
    return REFUSED


def _day(at: int) -> str:
    return time.strftime("%d-%m-%Y %H:%M", time.localtime(at / 1000))


def _config(call: Call) -> Path:
    from kassa_tui import config as configuration

    return configuration.find(getattr(call.args, "config", None), os.environ).absolute()


def _trusted(call: Call) -> Path:
    return _config(call).parent / KEYS / TRUSTED
