"""How long a receipt takes to become bytes, against the floor: bytes that are ready and only have to be collected.

F_raw is one python-escpos ``Dummy`` with one ``_raw`` call for each piece of a twenty-line receipt with logo and QR
code (style commands, lines, logo, QR code, cut), every piece encoded beforehand. The renderer starts from the document
and has to be within twice that. Prints both and their ratio; exits 1 where the ratio is above the limit.

    python bench/bench_receipt.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any

from PIL import Image, ImageDraw

from kassa_tui.domain.document import CENTRE, QR, Cut, Document, Logo, Row, Rule, Text
from kassa_tui.hardware.escpos_load import load
from kassa_tui.hardware.escpos_render import Layout, Renderer

PROFILE = "TM-T88V"
RATIO_LIMIT = 2.0
ROUNDS = 60
RUNS_PER_ROUND = 50


def receipt() -> Document:
    """Twenty lines with a logo above and a QR code below, as a shop prints them."""
    goods = ("Halfvolle melk 1 l", "Café crème 250 g", "Pindakaas naturel", "Oude kaas (0,412 kg)", "Statiegeld blikje")
    return (
        Logo(),
        Text("De Gouden Ster", CENTRE, bold=True, tall=True),
        Text("Dorpsstraat 12, 1234 AB Ons Dorp", CENTRE),
        Text("Bon 000123   22-11-2026 14:05   kassa 2"),
        Rule(),
        *(Row(name, f"{number},{number}9") for number, name in enumerate(goods * 2, 1)),
        Rule(),
        Row("TOTAAL", "€ 61,90", bold=True, tall=True),
        Row("Pin", "€ 61,90"),
        Row("Btw 9 % over 56,79", "5,11"),
        Text("Tot ziens!", CENTRE),
        QR("https://voorbeeld.example/bon/0192f6a0-7c1e-7d3b-9f00-0123456789ab"),
        Cut(),
    )


def logo(folder: Path) -> Path:
    """A picture of the usual size, drawn into ``folder``."""
    path = folder / "logo.png"
    picture = Image.new("L", (384, 120), 255)
    ImageDraw.Draw(picture).ellipse((40, 10, 344, 110), outline=0, width=9)
    picture.save(path)
    return path


def pieces(renderer: Renderer, document: Document) -> list[bytes]:
    """The rendered receipt, cut where each element and each change of style begins."""
    whole = renderer.render(document)
    ends = [len(renderer.render(document[:count])) for count in range(len(document) + 1)]
    return [whole[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def cpu_us(act: Callable[[], object]) -> float:
    """Median CPU time of one run in microseconds."""
    rounds = []
    for _ in range(ROUNDS):
        begun = process_time_ns()
        for _ in range(RUNS_PER_ROUND):
            act()
        rounds.append((process_time_ns() - begun) / RUNS_PER_ROUND / 1000)
    return median(rounds)


def main() -> int:
    """Print the figures; 1 where the ratio is beyond its limit."""
    with tempfile.TemporaryDirectory() as folder:
        private = Path(folder) / "escpos"
        renderer = Renderer(Layout(profile=PROFILE, logo=logo(Path(folder))), private)
        dummy: Any = load(private)
    document = receipt()
    ready = pieces(renderer, document)

    def floor() -> bytes:
        printer = dummy(profile=PROFILE)
        for piece in ready:
            printer._raw(piece)
        collected: bytes = printer.output
        return collected

    same = floor() == renderer.render(document)
    raw, rendered = cpu_us(floor), cpu_us(lambda: renderer.render(document))
    ratio = rendered / raw
    print(f"receipt of {len(document)} elements, {len(floor())} bytes")
    print(f"F_raw {raw:.1f} us   rendered {rendered:.1f} us   ratio {ratio:.2f} (limit {RATIO_LIMIT})")
    return 0 if same and ratio <= RATIO_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
