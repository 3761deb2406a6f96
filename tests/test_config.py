"""The configuration file: what a right one becomes, and that a wrong one is told everything at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kassa_tui import config
from kassa_tui.config import Config, ConfigError, Problem
from kassa_tui.domain.staff import DISCOUNT_LIMIT, PRICE_FLOOR

ROOT = Path(__file__).resolve().parent.parent
SMALLEST = '[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "till.toml"
    path.write_text(text, "utf-8")
    return path


def loaded(folder: Path, text: str) -> Config:
    return config.load(write(folder, text))


def problems(folder: Path, text: str) -> dict[str, Problem]:
    """The problems by key."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    assert len({(p.key, p.code) for p in caught.value.problems}) == len(caught.value.problems)
    return {problem.key: problem for problem in caught.value.problems}


def only(folder: Path, text: str) -> Problem:
    (problem,) = problems(folder, text).values()
    return problem


def test_the_smallest_file(tmp_path: Path) -> None:
    found = loaded(tmp_path, SMALLEST)
    assert found.shop == config.Shop("De Hoek", "NL", "nl")
    assert found.till == config.Till("K1", tmp_path / "data")
    assert found.rules == config.Rules()
    assert (found.devices, found.office, found.webshops) == ((), None, ())
    assert found.path == tmp_path / "till.toml"


def test_an_absolute_path_stays_and_a_relative_file_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, SMALLEST.replace('"data"', '"/var/lib/kassa"'))
    monkeypatch.chdir(tmp_path)
    found = config.load(Path("till.toml"))
    assert found.till.data == Path("/var/lib/kassa")
    assert found.path == tmp_path / "till.toml"


def test_find_takes_the_option_then_the_environment_then_the_system_file() -> None:
    environ = {"KASSA_CONFIG": "/b.toml"}
    assert config.find("/a.toml", environ) == Path("/a.toml")
    assert config.find(None, environ) == Path("/b.toml")
    assert config.find(None, {"KASSA_CONFIG": ""}) == Path("/etc/kassa/till.toml")


@pytest.mark.parametrize(("country", "language"), [("NL", "nl"), ("BE", "nl_BE")])
def test_the_language_follows_from_the_country_unless_given(tmp_path: Path, country: str, language: str) -> None:
    text = SMALLEST.replace("NL", country)
    assert loaded(tmp_path, text).shop.language == language
    assert loaded(tmp_path, text.replace("[till]", 'language = "fr"\n[till]')).shop.language == "fr"


@pytest.mark.parametrize("address", ['"""\nDorpsstraat 12\r\n1234 AB Dorp\n"""', '["Dorpsstraat 12", "1234 AB Dorp"]'])
def test_lines_are_a_list_or_a_text_with_line_breaks(tmp_path: Path, address: str) -> None:
    found = loaded(tmp_path, SMALLEST.replace("[till]", f"address = {address}\n[till]"))
    assert found.shop.address == ("Dorpsstraat 12", "1234 AB Dorp")


def test_an_empty_text_is_not_given(tmp_path: Path) -> None:
    found = loaded(tmp_path, SMALLEST.replace("[till]", 'vat_id = ""\nlogo = ""\nlanguage = ""\n[till]'))
    assert (found.shop.vat_id, found.shop.logo, found.shop.language) == (None, None, "nl")
    assert only(tmp_path, SMALLEST.replace("De Hoek", "")).code == "missing"
    assert only(tmp_path, SMALLEST.replace("De Hoek", " ")).key == "shop.name"


def test_limits_per_role_are_in_hundredths_of_a_percent_and_keep_the_other_roles(tmp_path: Path) -> None:
    rules = loaded(tmp_path, SMALLEST + "[rules.discount_limit]\ncashier = 5\n").rules
    assert rules.discount_limit == {**DISCOUNT_LIMIT, "cashier": 500}
    assert rules.price_floor == PRICE_FLOOR


def test_devices_have_all_their_options(tmp_path: Path) -> None:
    text = (
        SMALLEST
        + """
[[device]]
role = "printer"
kind = "network"
host = "bon"
[[device]]
role = "printer"
kind = "file"
path = "out.bin"
columns = 42
[[device]]
role = "scale"
kind = "adam"
path = "/dev/ttyUSB0"
"""
    )
    found = loaded(tmp_path, text)
    first, second = found.devices_of("printer")
    assert found.device("printer") is first
    assert found.device("drawer") is None
    assert (first.options["host"], first.options["port"], first.options["timeout_s"]) == ("bon", 9100, 3)
    assert (first.options["codepage"], first.options["profile"], first.options["columns"]) == ("CP858", "default", None)
    assert (second.options["path"], second.options["columns"]) == (tmp_path / "out.bin", 42)
    scale = found.device("scale")
    assert scale is not None
    assert scale.options == {"path": Path("/dev/ttyUSB0"), "baud": None, "framing": None}


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
colour = "blue"
[shop]
nmae = "De Hoek"
country = "nl"
phone = 12
[till]
id = "1K"
[rules]
max_quantity = 0
lock_after_sale = "yes"
print_receipt = "allways"
[rules.price_floor]
casheer = 5
manager = 101
[[device]]
role = "printer"
kind = "netwrk"
host = "bon"
[[device]]
role = "printer"
kind = "network"
hots = "bon"
port = 70000
[[device]]
role = "skale"
[office]
url = "kantoor.example.nl"
[[webshop]]
kind = "shopify"
url = "https://a.example"
name = "A"
""",
    )
    assert {key: problem.code for key, problem in found.items()} == {
        "colour": "unknown_key",
        "shop.nmae": "unknown_key",
        "shop.name": "missing",
        "shop.country": "not_one_of",
        "shop.phone": "wrong_type",
        "till.id": "wrong_type",
        "till.data": "missing",
        "rules.max_quantity": "out_of_range",
        "rules.lock_after_sale": "wrong_type",
        "rules.print_receipt": "not_one_of",
        "rules.price_floor.casheer": "unknown_key",
        "rules.price_floor.manager": "out_of_range",
        "device[1].kind": "not_one_of",
        "device[2].hots": "unknown_key",
        "device[2].host": "missing",
        "device[2].port": "out_of_range",
        "device[3].role": "not_one_of",
        "device[3].kind": "missing",
        "office.url": "wrong_type",
        "webshop[1].kind": "not_one_of",
    }
    assert {problem.file for problem in found.values()} == {str(tmp_path / "till.toml")}
    assert found["shop.nmae"].facts["nearest"] == "name"
    assert found["shop.country"].facts == {"given": "nl", "choices": ("NL", "BE"), "nearest": "NL"}
    assert found["shop.phone"].facts == {"expected": "text", "found": "whole_number"}
    assert found["rules.print_receipt"].facts["nearest"] == "always"
    assert found["rules.price_floor.casheer"].facts["nearest"] == "cashier"
    assert found["device[1].kind"].facts["nearest"] == "network"
    assert found["device[2].hots"].facts["nearest"] == "host"
    assert found["device[2].port"].facts == {"given": 70000, "least": 1, "most": 65535}
    assert found["device[3].role"].facts["nearest"] == "scale"
    assert found["colour"].facts["nearest"] == ""


def test_the_error_in_words_of_its_own_names_file_key_and_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"till\.toml: shop\.phnoe: unknown_key .*phone"):
        loaded(tmp_path, SMALLEST.replace("[till]", 'phnoe = "1"\n[till]'))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[shop]\nname = De Hoek\n", 2, 8),
        ("a = 1\na = 2\n", 2, 6),
        ('[shop]\nname = "De Hoek', 2, 16),
        ("[shop\n", 1, 6),
        ("a = " + "[" * 5000, 0, 0),
        ("a = " + "9" * 5000, 0, 0),
    ],
)
def test_no_toml_tells_the_place(tmp_path: Path, text: str, line: int, column: int) -> None:
    problem = only(tmp_path, text)
    assert (problem.key, problem.code) == ("", "not_toml")
    assert (problem.facts["line"], problem.facts["column"]) == (line, column)
    assert problem.facts["detail"]


def test_a_file_in_another_encoding_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "till.toml").write_bytes('[shop]\nname = "Café"\n'.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "till.toml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.facts["line"], problem.facts["column"]) == ("not_toml", 2, 12)


def test_the_mark_of_a_windows_editor_is_overlooked(tmp_path: Path) -> None:
    (tmp_path / "till.toml").write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())
    assert config.load(tmp_path / "till.toml").shop.name == "De Hoek"


@pytest.mark.parametrize(("name", "reason"), [("none.toml", "ENOENT"), (".", "EISDIR"), ("a\0b", "EINVAL")])
def test_a_file_that_cannot_be_read_is_not_found(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / name)
    (problem,) = caught.value.problems
    assert (problem.code, problem.facts) == ("not_found", {"reason": reason})


@pytest.mark.parametrize(
    ("text", "key", "expected", "found"),
    [
        ("shop = 3", "shop", "table", "whole_number"),
        ("device = { role = 'printer' }", "device", "list_of_tables", "table"),
        ("device = [3]", "device[1]", "table", "whole_number"),
        ("webshop = ['a']", "webshop[1]", "table", "text"),
        ("rules.discount_limit = 10", "rules.discount_limit", "table", "whole_number"),
        ("rules.discount_limit.senior = 12.5", "rules.discount_limit.senior", "whole_number", "decimal"),
        ("rules.max_quantity = true", "rules.max_quantity", "whole_number", "true_or_false"),
        ("rules.rounding = false", "rules.rounding", "text", "true_or_false"),
        ("rules.templates = '21IIIIIPPPPPK'", "rules.templates", "list", "text"),
        ("office.url = 2026-01-01", "office.url", "text", "date_or_time"),
        ('shop.phone = "\\u001B[2J"', "shop.phone", "text", "control_character"),
        ("shop.address = ['a', 3]", "shop.address[2]", "text", "whole_number"),
    ],
)
def test_wrong_types(tmp_path: Path, text: str, key: str, expected: str, found: str) -> None:
    problem = problems(tmp_path, text)[key]
    assert (problem.code, problem.facts) == ("wrong_type", {"expected": expected, "found": found})


@pytest.mark.parametrize("role", ['["printer"]', "3", "{}"])
def test_a_role_or_kind_of_any_type_is_told_and_not_raised(tmp_path: Path, role: str) -> None:
    found = problems(tmp_path, SMALLEST + f"[[device]]\nrole = {role}\nkind = {role}\npaht = 1\n")
    assert {key: problem.code for key, problem in found.items()} == {
        "device[1].role": "wrong_type",
        "device[1].kind": "wrong_type",
        "device[1].paht": "unknown_key",
    }


def test_an_option_of_another_kind_is_unknown(tmp_path: Path) -> None:
    found = only(tmp_path, SMALLEST + '[[device]]\nrole = "scanner"\nkind = "wedge"\npath = "/dev/x"\n')
    assert (found.key, found.code) == ("device[1].path", "unknown_key")


@pytest.mark.parametrize(
    ("country", "rounding", "fine"),
    [
        ("NL", "off", True),
        ("NL", "cash", True),
        ("NL", "all", False),
        ("BE", "off", False),
        ("BE", "cash", True),
        ("BE", "all", True),
    ],
)
def test_rounding_is_what_the_country_allows(tmp_path: Path, country: str, rounding: str, fine: bool) -> None:
    text = SMALLEST.replace("NL", country) + f'[rules]\nrounding = "{rounding}"\n'
    if fine:
        assert loaded(tmp_path, text).rules.rounding == rounding
    else:
        problem = only(tmp_path, text)
        assert (problem.key, problem.code, problem.facts["given"]) == ("rules.rounding", "not_one_of", rounding)
        assert rounding not in problem.facts["choices"]


def test_templates_are_all_judged(tmp_path: Path) -> None:
    text = SMALLEST + '[rules]\ntemplates = ["21IIIIIPPPPPK", "28IIIIIWWWWWK"]\n'
    assert loaded(tmp_path, text).rules.templates == ("21IIIIIPPPPPK", "28IIIIIWWWWWK")
    assert loaded(tmp_path, SMALLEST + "[rules]\ntemplates = []\n").rules.templates == ()
    assert loaded(tmp_path, SMALLEST).rules.templates is None
    text = SMALLEST + '[rules]\ntemplates = ["21IIIIPPPPPK", "22IIIIIPPPPPK", "XX", "221IIIIPPPPPK"]\n'
    found = problems(tmp_path, text)
    assert {key: problem.code for key, problem in found.items()} == {
        "rules.templates[1]": "bad_template",
        "rules.templates[3]": "bad_template",
        "rules.templates[4]": "duplicate",
    }
    assert found["rules.templates[1]"].facts == {"pattern": "21IIIIPPPPPK", "reason": "length"}
    assert found["rules.templates[4]"].facts == {"other": "rules.templates[2]"}


def test_a_vat_id_is_kept_plain_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    text = SMALLEST.replace("[till]", 'vat_id = "NL 0044.95.445.B01"\n[till]')
    assert loaded(tmp_path, text).shop.vat_id == "NL004495445B01"
    problem = only(tmp_path, text.replace("445.B01", "446.B01"))
    assert (problem.key, problem.code) == ("shop.vat_id", "bad_vat_id")
    assert problem.facts == {"given": "NL 0044.95.446.B01", "country": "NL"}


def test_nothing_is_there_twice(tmp_path: Path) -> None:
    drawer = '[[device]]\nrole = "drawer"\nkind = "printer"\n'
    webshop = '[[webshop]]\nkind = "magento"\nurl = "https://a.example"\nname = "A"\n'
    scanner = '[[device]]\nrole = "scanner"\nkind = "pipe"\npath = "in"\n'
    display = '[[device]]\nrole = "display"\nkind = "escpos"\npath = "in"\n'
    assert len(loaded(tmp_path, SMALLEST + drawer + drawer + "pin = 5\n" + scanner + display).devices) == 4
    found = problems(tmp_path, SMALLEST + drawer + drawer + scanner + scanner + webshop + webshop)
    assert {(key, problem.code, problem.facts["other"]) for key, problem in found.items()} == {
        ("device[2]", "duplicate", "device[1]"),
        ("device[4]", "duplicate", "device[3]"),
        ("webshop[2].name", "duplicate", "webshop[1].name"),
        ("webshop[2].code", "duplicate", "webshop[1].code"),
    }


def test_office_and_webshops(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        SMALLEST
        + """
[office]
url = "https://kantoor.example.nl:8443/api"
ca_file = "ca.pem"
proxy = "http://proxy:3128"
branch = "01"
[[webshop]]
kind = "prestashop"
url = "https://a.example"
name = "A"
key_file = "/etc/kassa/a.key"
owner = "K1"
[[webshop]]
kind = "magento"
url = "https://b.example/"
name = "B"
code = "WEB2"
orders_since = 2026-11-01
prices = "push"
[webshop.options]
sources = ["nl", "be"]
vat_rates = { "Food" = 9 }
statuses = { "packing" = "prepare" }
""",
    )
    url, proxy = "https://kantoor.example.nl:8443/api", "http://proxy:3128"
    assert found.office == config.Office(url, tmp_path / "ca.pem", proxy, "01")
    assert found.webshops == (
        config.Webshop("prestashop", "https://a.example", "A", "WEB", Path("/etc/kassa/a.key"), "K1"),
        config.Webshop(
            "magento",
            "https://b.example/",
            "B",
            "WEB2",
            orders_since="2026-11-01",
            prices="push",
            options={"sources": ("nl", "be"), "vat_rates": {"Food": 900}, "statuses": {"packing": "prepare"}},
        ),
    )


def test_odd_options_of_a_webshop_are_named(tmp_path: Path) -> None:
    table = """
[[webshop]]
kind = "magento"
url = "https://b.example/"
name = "B"
orders_since = "gisteren"
poll_seconds = 1
[webshop.options]
sources = "nl"
vat_rates = { "Food" = "9%" }
statuses = { "packing" = "busy" }
vat_rate = 9
"""
    found = problems(tmp_path, SMALLEST + table)
    assert {key: problem.code for key, problem in found.items()} == {
        "webshop[1].orders_since": "wrong_type",
        "webshop[1].poll_seconds": "out_of_range",
        "webshop[1].options.sources": "wrong_type",
        "webshop[1].options.vat_rates.Food": "wrong_type",
        "webshop[1].options.statuses.packing": "not_one_of",
        "webshop[1].options.vat_rate": "unknown_key",
    }


def test_every_option_of_a_webshop_is_one_of_its_connectors() -> None:
    from dataclasses import fields

    from kassa_tui.config_checks import TABLES
    from kassa_tui.sync.webshops.access import Options

    assert set(TABLES["webshop"]["options"]) == {field.name for field in fields(Options)}  # type: ignore[arg-type]


def test_the_module_is_light_to_import() -> None:
    heavy = {"textual", "peewee", "escpos", "biip", "difflib", "json", "logging", "tomllib", "decimal"}
    code = (
        f"import sys; before = set(sys.modules); import kassa_tui.config; print({heavy} & (set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
