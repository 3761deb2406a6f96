"""QR codes as pictures, for paper and for another screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DOT_PX = 6


def save(lines: Sequence[str], folder: Path, name: str) -> list[Path]:
    """A PNG per line in ``folder``, error correction M; the files. OSError where they cannot be written."""
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M

    paths = []
    for number, line in enumerate(lines, 1):
        code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=DOT_PX, border=4)
        code.add_data(line)
        path = folder / f"{name}-{number}.png"
        with path.open("wb") as file:
            code.make_image().save(file, "PNG")
        paths.append(path)
    return paths
