"""Compiles the catalogues of texts while the package is built; everything else about the build is in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LOCALE = Path(__file__).parent / "kassa_tui" / "locale"


def compile_catalogues(folder: Path = LOCALE) -> None:
    """Write a ``.mo`` beside each ``.po``."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parents[1].name)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


class BuildWithCatalogues(build_py):
    """``build_py`` for a wheel and for an editable install alike."""

    def run(self) -> None:
        """Compile first, so that what is copied includes the catalogues."""
        compile_catalogues()
        super().run()


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildWithCatalogues})
