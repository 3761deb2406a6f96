"""Words for what webshops answer and for how they are; codes without words are a bug (a test looks)."""

from __future__ import annotations

from kassa_tui.marking import N_

WEBSHOP_WORDS: dict[str, str] = {
    "unreachable": N_("De webshop is niet bereikbaar"),
    "timeout": N_("De webshop antwoordt niet op tijd"),
    "busy": N_("De webshop heeft het druk[ (HTTP {status})]"),
    "clock_off": N_("De klok hier loopt niet gelijk met die van de webshop[: {says}]"),
    "blocked": N_("Een beveiliging voor de webshop houdt ons tegen[ (HTTP {status})]"),
    "not_json": N_("De webshop gaf een pagina in plaats van een antwoord[: {begins}]"),
    "bad_answer": N_("De webshop gaf een antwoord dat niet klopt[ ({what}: {found})]"),
    "too_large": N_("De webshop gaf een antwoord dat te groot is[ (meer dan {bytes} bytes)]"),
    "certificate": N_("Het certificaat van de webshop wordt niet vertrouwd[ ({host})][ ({file})]"),
    "redirect": N_("De webshop heeft een ander adres: gebruik {to}"),
    "unauthorised": N_("De webshop weigert de sleutel[: {says}]"),
    "forbidden_write": N_("De sleutel mag dit niet in de webshop[: {says}]"),
    "not_supported": N_("Dat kan bij deze webshop niet[: {what}]"),
    "refused": N_("De webshop weigert dit[: {says}]"),
    "unknown_order": N_("De webshop kent deze bestelling niet[: {order}]"),
    "unknown_product": N_("De webshop kent dit product niet[: {product}]"),
    "not_managed": N_("De webshop houdt van dit product geen voorraad bij[: {name}]"),
    "parent_managed": N_("De webshop houdt de voorraad bij het hoofdproduct bij[: {name}]"),
    "not_taken": N_("De webshop zei ja en deed iets anders[: {what}]"),
    "duplicate_code": N_("Die code heeft in de webshop al een ander product[: {code}]"),
    "bad_credentials": N_("Het adres of de sleutels van de webshop kloppen niet: {fields:list}"),
    "no_https": N_("Het adres begint niet met https: iedereen op de lijn kan de sleutel lezen"),
    "keys_in_url": N_("De sleutel staat in het adres en komt dus in logboeken van de webshop"),
    "other_currency": N_("De webshop rekent niet in euro maar in {currency}"),
    "old_version": N_("De webshop is te oud: {version}[, nodig is {needed}]"),
    "read_refused": N_("De sleutel mag dit niet lezen: {what}"),
    "write_refused": N_("De sleutel mag dit niet schrijven[: {what}]"),
    "write_unproven": N_("Of de sleutel mag schrijven is niet te proberen[: {says}]"),
    "settings_refused": N_("De sleutel mag de instellingen van de webshop niet lezen: btw en versie zijn niet zeker"),
    "timezone_unknown": N_("De tijdzone van de webshop is niet te lezen"),
    "no_ean_field": N_("WooCommerce {version} heeft geen EAN-veld: noem dat van de plug-in in ean_field"),
    "key_missing": N_("Het bestand met de sleutels van de webshop is er niet: {path}"),
    "key_open": N_("Anderen kunnen het bestand met sleutels lezen: chmod 600 {path}"),
    "key_bad": N_("Het bestand met de sleutels van de webshop is niet te lezen: {path}"),
    "no_answer": N_("Het proces dat met deze webshop praat, antwoordt niet: kijk met kassa webshop status"),
    "bad_ask": N_("Onbekende vraag: {what}"),
    "order_unread": N_(
        "Bestelling {order} van de webshop is niet te lezen[ ({what}: {found})]; elke nacht weer geprobeerd"
    ),
    "stock_off": N_("Voorraadbeheer staat in de webshop uit"),
    "several_sources": N_(
        "De webshop heeft meer magazijnen ({sources}): alleen default wordt bijgehouden, of noem ze in sources"
    ),
    "unknown_source": N_("De webshop heeft geen magazijn {source}, of het staat uit"),
    "unknown_store": N_("De webshop heeft geen winkelweergave {store}"),
    "refund_over": N_("Bestelling {number}: {amount:euro} meer terugbetaald dan zij kostte"),
    "unknown_article": N_("Bestelling {number}: {name} is geen artikel van de kassa; wel als omzet geboekt"),
    "other_rate": N_("Bestelling {number}: de webshop rekent {rate:percent} btw over {sku}, de kassa een ander tarief"),
    "unknown_rate": N_("Bestelling {number}: de kassa kent geen btw van {rate:percent} ({name})"),
    "oversold": N_("{sku}: {qty:qty} meer verkocht dan er ligt"),
    "vat_unclear": N_("{sku}: welk btw-tarief van de webshop {vat} is, is niet zeker: noem het in vat_classes"),
    "vat_unknown": N_("{sku}: het btw-tarief van de webshop[ ({vat_class})] kennen wij niet: noem het in vat_classes"),
    "details_apart": N_("{sku}: de producten van de webshop voor dit artikel spreken elkaar tegen; niets overgenomen"),
    "articles_of_office": N_(
        "{sku}: niet overgenomen, want de artikelen zijn van het kantoor: laat het kantoor met deze webshop praten"
    ),
    "article_invalid": N_("{sku}: niet overgenomen, want het artikel klopt hier niet: kijk het na"),
    "price_dated": N_("{sku}: er loopt een tijdelijke prijs; die van de webshop is niet overgenomen"),
    "code_of_other": N_("{sku}: streepjescode {code} heeft hier al een ander artikel"),
    "unknown_sku": N_("Er is geen artikel {sku}"),
    "linked_already": N_("Product {product} is al gekoppeld aan artikel {sku}"),
    "not_sellable": N_("{name} is een hoofdproduct: neem de variaties eronder"),
    "no_sku": N_("{name} heeft in de webshop geen bruikbaar SKU en geen streepjescode: geef het daar eerst een"),
    "sku_taken": N_("Er is al een artikel {sku}: koppel het zelf"),
    "no_price": N_("{name} heeft in de webshop geen prijs, of de btw erin is niet bekend"),
    "refunded_otherwise": N_(
        "Bestelling {order}: terugbetaald is {ours:euro}, en in de webshop geboekt {theirs:euro}: kijk het daar na"
    ),
    "placed_otherwise": N_(
        "Bon {number} van {ours:euro} staat in de webshop voor {theirs:euro}: kijk daar btw en prijs na"
    ),
    "product_gone": N_("Product {product} ({sku}) is niet meer in de webshop"),
    "command_failed": N_("De webshop deed iets niet ({kind})[, bestelling {order}][, product {product}]: {error}"),
    "handed_over_ended": N_("Bestelling {number} is meegegeven en in de webshop al geannuleerd of terugbetaald"),
}
"""Codes of errors, of stock that was written, and of what a person should see to."""

WEBSHOP_STATES: dict[str, str] = {
    "new": N_("Nog niet gesproken"),
    "ok": N_("Goed; laatst gesproken {last}"),
    "silent": N_("Sinds {last} heeft niemand hier de webshop iets gevraagd: loopt het proces dat dat doet?"),
    "failing": N_("Lukt niet sinds {since}; er wordt vanzelf weer geprobeerd (laatst gelukt {last})"),
    "stopped": N_("Staat stil sinds {since}: iemand moet er iets aan doen (laatst gelukt {last})"),
}
"""How a webshop stands."""

WEBSHOP_WHO: dict[str, str] = {
    "shop": N_("Te doen: door wie de webshop draaiende houdt"),
    "keys": N_("Te doen: nieuwe sleutels maken of hun rechten herstellen, en dan kassa webshop check"),
    "settings": N_("Te doen: de instellingen van deze webshop in till.toml nakijken"),
}
"""Who must act."""

WEBSHOP_REFUSED: dict[str, str] = {
    "webshop_none": N_("Er is geen webshop ingesteld: kassa webshop add SOORT ADRES"),
    "webshop_unknown": N_("Er is geen webshop {code}[; wel {known}]"),
    "webshop_twice": N_("Er is al een webshop {code}"),
    "webshop_no_link": N_("Dat kan niet: {product} en {sku}"),
    "channel_of_other": N_("Met deze webshop praat {owner}, en niemand anders"),
    "channel_pending": N_("De boeken van webshop {code} moeten nog van het kantoor komen: laat kassa sync lopen"),
    "channel_running": N_("Er is al een proces met deze webshop bezig: {holder}"),
    "channel_other": N_("In {path} staat het kanaal {found}, niet {wanted}"),
}
"""Codes of refusals that are ours, not the webshop's."""
