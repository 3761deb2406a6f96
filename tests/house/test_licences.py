"""What the program is made of may be given away with it, and says where it comes from."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.house.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = [text for texts in PROJECT["project"]["optional-dependencies"].values() for text in texts]
PINNED = dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8")))
FREE = re.compile(
    r"\b(MIT|BSD|Apache|Python Software Foundation|PSF|ISC|HPND|MPL|Mozilla|Public Domain|free of charge)\b",
    re.IGNORECASE,
)
BINDING = re.compile(r"\b(A|L)?GPL|GNU (Affero |Lesser )?General Public", re.IGNORECASE)


def _runtime() -> list[str]:
    """Every distribution that the program runs on, those of its libraries too."""
    # python-escpos asks for setuptools and never imports it; an environment may do without.
    wanted, seen = [Requirement(text) for text in PROJECT["project"]["dependencies"]], {"setuptools"}
    while wanted:
        requirement = wanted.pop()
        name = _plain(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        wanted += [Requirement(text) for text in distribution(name).requires or ()]
    return sorted(seen - {"setuptools"})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_project_is_under_the_mit_licence() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert PROJECT["project"]["license-files"] == ["LICENSE"]
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert licence.startswith("MIT License")
    assert "WITHOUT WARRANTY OF ANY KIND" in licence


@pytest.mark.parametrize("name", _runtime())
def test_a_library_may_go_along(name: str) -> None:
    about = distribution(name).metadata
    named = [*about.get_all("License-Expression", []), *(text[:200] for text in about.get_all("License", []))]
    told = " ".join([*named, *(text for text in about.get_all("Classifier", []) if text.startswith("License ::"))])
    told = told if told.strip() else _licence_text(name)
    assert FREE.search(told), told
    assert not BINDING.search(told), told


def _licence_text(name: str) -> str:
    """The beginning of the licence that lies in the distribution, for one whose metadata name none."""
    about = distribution(name)
    files = [about.locate_file(file) for file in about.files or () if "LICENSE" in file.name]
    return Path(str(files[0])).read_text("utf-8")[:2000]


@pytest.mark.parametrize("text", [*PROJECT["project"]["dependencies"], *EXTRAS, *PROJECT["dependency-groups"]["dev"]])
def test_a_library_is_pinned_within_its_bounds(text: str) -> None:
    requirement = Requirement(text)
    pinned = {_plain(name): version for name, version in PINNED.items()}
    assert requirement.specifier.contains(pinned[_plain(requirement.name)])


@pytest.mark.parametrize("path", ["README.md", "kassa_tui/data/README.md"])
def test_the_demo_articles_say_where_they_come_from(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    for words in ("Open Food Facts", "Lifyzer", "Open Database License", "opendatacommons.org/licenses/odbl"):
        assert words in text
