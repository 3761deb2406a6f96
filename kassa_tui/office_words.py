"""The Dutch words of everything between till and office: what waits, why, and who must act."""

from __future__ import annotations

from kassa_tui.marking import N_

OFFICE_WORDS: dict[str, str] = {
    "sync_running": N_("kassa sync draait al[ (proces {holder})]"),
    "seq_taken": N_("Regel {seq} staat al in het journaal"),
    "till_has_entries": N_("Op deze kassa is al verkocht ({have} regels): neem een lege map[ in plaats van {path}]"),
    "takeover_pending": N_("Het journaal van deze kassa is nog niet overgenomen: kassa enrol nog eens[ ({path})]"),
    "other_till_code": N_("Deze code is van kassa {found}, dit is {till}: pas till.id aan of vraag een andere code"),
    "token_missing": N_("Deze kassa is nog niet aangemeld bij een kantoor: kassa enrol[ ({path})]"),
    "token_open": N_("Het token van het kantoor is voor anderen te lezen: zet de rechten op 600[: {path}]"),
    "token_bad": N_("Het token van het kantoor is onbruikbaar: kassa enrol met een nieuwe code[ ({path})]"),
    "snapshot_bad": N_("De artikelen van het kantoor zijn niet goed aangekomen ({reason}); er wordt opnieuw begonnen"),
    "snapshot_newer": N_("De artikelen van het kantoor zijn voor een nieuwere kassa: werk de kassa bij"),
    "office_owns": N_(
        "De artikelen komen van het kantoor: verander ze daar; --force neemt ze toch over, tot"
        " het kantoor ze weer verandert"
    ),
    "office_none": N_("Er is geen kantoor ingesteld: kassa enrol ADRES --code CODE"),
    "office_failed": N_("Kantoor: {why:office_why}"),
    "office_no_agent": N_("[{receipts:some} bonnen wachten, ]kassa sync draait niet, bel de techniek"),
    "office_act": N_("[{receipts:some} bonnen wachten, ]kantoor: {why:office_why}"),
    "office_away": N_("[{receipts:some} bonnen wachten, ]kantoor onbereikbaar sinds {since}"),
    "office_away_one": N_("{receipts} bon wacht, kantoor onbereikbaar sinds {since}"),
    "office_look": N_("Kantoor: {n} regels vragen aandacht, zie F10 Kantoor"),
    "office_clock_ahead": N_("Klok loopt {minutes} minuten voor op het kantoor: bel de techniek"),
    "office_clock_behind": N_("Klok loopt {minutes} minuten achter op het kantoor: bel de techniek"),
    "office_why": N_("Sinds {since} lukt het niet: {why:office_why}"),
    "office_stuck": N_("{n} regels kon het kantoor niet aannemen, de eerste is {seq}; elk uur weer"),
    "office_conflict": N_("{n} regels heeft het kantoor anders, de eerste is {seq}: bel het kantoor"),
    "office_quarantined": N_("{n} regels heeft het kantoor apart gezet, de eerste is {seq}: bel het kantoor"),
    "office_ahead": N_("Het kantoor heeft meer regels dan deze kassa (oude kopie teruggezet?): bel het kantoor"),
    "office_feed_why": N_("Artikelen niet bij sinds {since}: {why:office_why}"),
    "office_feed_refused": N_("{n} wijzigingen van artikelen waren niet te begrijpen: bel het kantoor"),
    "office_differs": N_("{what:office_table} verschillen van die van het kantoor: alles komt opnieuw binnen"),
    "office_differs_still": N_(
        "{what:office_table} verschillen van die van het kantoor, ook nadat alles opnieuw kwam: bel het kantoor"
    ),
    "ticket_moved": N_("Bon P{place} is opgehaald op kassa {till}; hij staat hier niet meer"),
    "parked_claimed": N_("Die bon is net opgehaald op kassa {till}"),
    "parked_gone": N_("Die bon is al opgehaald of ligt in een ander filiaal"),
    "parked_paid": N_("Op die bon is al geld aangenomen: alleen kassa {till} kan hem ophalen"),
    "parked_offline": N_("Het kantoor antwoordt niet: bonnen van andere kassa's zijn nu niet op te halen"),
    "parked_unreadable": N_("Die bon is van een nieuwere kassa: haal hem daar op"),
    "return_offline": N_("Het kantoor antwoordt niet: neem bon {number} terug op kassa {till}, of straks hier"),
    "voucher_offline": N_("Het kantoor antwoordt niet: tegoedbon {number} is van een andere kassa en kan nu niet"),
    "voucher_offline_amount": N_(
        "Het kantoor antwoordt niet: typ het bedrag van tegoedbon {number}, hoogstens {limit:euro}"
    ),
    "voucher_over_limit": N_("Zonder kantoor kan van tegoedbon {number} hoogstens {limit:euro}"),
    "voucher_unasked": N_("Het kantoor antwoordt niet: het saldo van tegoedbon {number} is nu niet bekend"),
}
"""Codes of refusals."""

OFFICE_DONE: dict[str, str] = {
    "recalled_from": N_("Opgehaald van kassa {till}, {place}[ ({name})]: {total:euro}"),
    "receipt_found": N_("Bon {number} van kassa {till}"),
    "office_now": N_("kantoor bij"),
    "office_not_yet": N_("kantoor nog niet bereikt"),
    "office_minutes": N_("kantoor {minutes} min geleden"),
    "office_hours": N_("kantoor {hours} uur geleden"),
    "office_waits": N_("Er wachten {entries} regels[, {receipts:some} bonnen], de oudste van {since}"),
    "office_all_in": N_("Alles is bij het kantoor, tot en met regel {seq}"),
    "office_last": N_("Laatste antwoord van het kantoor: {since}"),
    "office_next": N_("Volgende poging over {seconds} seconden"),
    "office_feed": N_("Artikelen bij tot {since}"),
    "office_snapshot": N_("Alle artikelen komen opnieuw binnen"),
    "office_actor_nobody": N_("Niemand hoeft iets te doen"),
    "office_actor_office": N_("Het kantoor moet iets doen"),
    "office_actor_technician": N_("De techniek moet iets doen"),
}
"""Codes of what is said without refusing anything."""

OFFICE_WHY: dict[str, str] = {
    "unreachable": N_("niet te bereiken, kijk naar netwerk en internet"),
    "timeout": N_("antwoordt niet op tijd"),
    "certificate": N_("het certificaat klopt niet, de techniek moet ca_file nakijken"),
    "redirect": N_("stuurt door naar een ander adres, de techniek moet office.url nakijken"),
    "bad_answer": N_("er komt een antwoord dat niet van het kantoor is, bijvoorbeeld van een wifi-portaal"),
    "unauthorised": N_("deze kassa wordt niet meer herkend, het kantoor moet een nieuwe code geven"),
    "forbidden": N_("deze kassa mag dit niet, het kantoor moet haar toelaten"),
    "inactive": N_("deze kassa is in het kantoor buiten gebruik gesteld, het kantoor moet haar weer in gebruik nemen"),
    "code_used": N_("deze code is al gebruikt of verlopen, vraag het kantoor om een nieuwe"),
    "code_unknown": N_("deze code bestaat niet, kijk haar na of vraag het kantoor om een nieuwe"),
    "code_expired": N_("deze code is verlopen, vraag het kantoor om een nieuwe"),
    "till_taken": N_("onder deze naam verkocht al een andere machine, vraag het kantoor om een code voor vervanging"),
    "channel_taken": N_("met deze webshop praat volgens het kantoor al een ander"),
    "other_till": N_("deze code is van een andere kassa, kijk till.id na"),
    "bad_key": N_("de sleutel van de kassa wordt niet aangenomen, bel de techniek"),
    "too_often": N_("te vaak een verkeerde code, probeer het over een kwartier"),
    "other_schema": N_("versies passen niet bij elkaar, werk de kassa bij"),
    "busy": N_("heeft het druk, de kassa wacht"),
    "fault": N_("fout, het wordt opnieuw geprobeerd"),
    "too_large": N_("het bericht is te groot"),
    "bad_message": N_("begrijpt het bericht niet"),
    "bad_encoding": N_("begrijpt het bericht niet"),
    "method": N_("begrijpt het bericht niet"),
    "range": N_("begrijpt het bericht niet"),
    "unknown": N_("kent dit niet"),
    "gone": N_("heeft dit niet meer"),
    "claimed": N_("een andere kassa was eerder"),
    "has_tenders": N_("op die bon is al geld aangenomen"),
    "cursor_gone": N_("de lijst met wijzigingen is te oud"),
    "snapshot_bad": N_("de artikelen zijn niet goed aangekomen"),
    "snapshot_newer": N_("de artikelen zijn voor een nieuwere kassa, werk de kassa bij"),
    "disk_full": N_("de schijf van de kassa is vol"),
    "locked": N_("er loopt een import van artikelen"),
}
"""Why the office was not reached, or refused."""

OFFICE_TABLES: dict[str, str] = {
    "article": N_("Artikelen"),
    "price": N_("Prijzen"),
    "group": N_("Groepen"),
    "vat_rate": N_("Btw-tarieven"),
    "staff": N_("Medewerkers"),
    "customer": N_("Klanten"),
    "setting": N_("Instellingen"),
    "reason": N_("Redenen"),
    "text": N_("Teksten op de bon"),
    "branch": N_("Filialen"),
    "stock": N_("Voorraden"),
    "parked": N_("Geparkeerde bonnen"),
    "message": N_("Berichten"),
}
"""Tables of the feed that are compared with the office's."""
