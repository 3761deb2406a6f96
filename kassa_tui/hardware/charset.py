"""Text for a printer that knows one code page of 256 characters.

A receipt printer obeys whatever byte below 0x20 it meets, so this is also the place where product text stops being
able to command it: what leaves here is printable bytes of the forced code page and nothing else. A character that
the page lacks becomes its nearest ASCII, so that a name stays readable where python-escpos would print ``?``.
"""

from __future__ import annotations

import codecs
import unicodedata

LOST = "?"
"""Stands for a character that has no form in the code page and none in ASCII."""
_UNDEFINED = "\ufffe"
"""What ``codecs.charmap_build`` takes for a byte without a character."""

_CYRILLIC = (
    "а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=j к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch ш=sh "
    "щ=shch ъ= ы=y ь= э=e ю=yu я=ya є=ye і=i ї=yi ґ=g ђ=dj ј=j љ=lj њ=nj ћ=c џ=dz ў=u"
)
_GREEK = "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
_LATIN = "ə=e ł=l đ=d ø=o ð=d þ=th ŧ=t ħ=h ı=i ŋ=n æ=ae œ=oe ĸ=k ƒ=f ß=ss"
_SIGNS = (
    "‘=' ’=' ‚=, ‛=' “=\" ”=\" „=\" ‟=\" ‹=< ›=> «=\" »=\" ′=' ″=\" ʼ=' ´=' `=' ‐=- ‑=- ‒=- –=- —=- ―=- −=- ─=- ━=- "
    "═== │=| ┃=| •=* ·=. ∙=. ●=* ×=x ÷=/ ⁄=/ ∕=/ ∼=~ ≈=~ ≠=<> ≤=<= ≥=>= →=-> ←=<- ↔=<-> ⇒==> ↑=^ √=V ∞=oo "
    "€=EUR £=GBP ¥=JPY ©=(c) ®=(r) ℮=e °=o ¿=? ¡=! ¦=| ¬=- ∅=o №=No µ=u ✓=v ✔=v ✗=x ✘=x"
)


def _table() -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in f"{_CYRILLIC} {_GREEK} {_LATIN} {_SIGNS}".split(" "):
        char, ascii_form = part[0], part[2:]
        pairs[char] = ascii_form
        if len(upper := char.upper()) == 1 and upper != char:
            pairs.setdefault(upper, ascii_form.capitalize())
    return pairs


NEAREST = _table()
"""Character to its nearest ASCII, for characters that Unicode itself does not decompose into it."""


class UnknownCodepage(ValueError):
    """The code page does not exist, or is not one byte a character with ASCII in its lower half."""

    def __init__(self, name: str, nearest: str = "") -> None:
        super().__init__(f"unknown code page {name!r}")
        self.name = name
        self.nearest = nearest


class Charset:
    """One single-byte code page, by its Python codec name; ``encode`` never fails and never yields a control byte."""

    def __init__(self, codec: str) -> None:
        ascii_bytes = bytes(range(0x20, 0x7F))
        try:
            self.codec = codecs.lookup(codec).name
            sound = ascii_bytes.decode(self.codec) == ascii_bytes.decode("ascii")
        except (LookupError, UnicodeError) as error:
            raise UnknownCodepage(codec) from error
        upper = "".join(map(self._printable, range(0x80, 0x100)))
        if not sound or not upper.strip(_UNDEFINED):
            raise UnknownCodepage(codec)
        # A table of our own holds printable characters only, so that it cannot encode a control character at all.
        self._table = codecs.charmap_build(_UNDEFINED * 0x20 + ascii_bytes.decode("ascii") + _UNDEFINED + upper)
        self._characters = frozenset(ascii_bytes.decode("ascii") + upper) - {_UNDEFINED}
        self._map = _Replacements(self)

    def _printable(self, value: int) -> str:
        """The character of one byte above ASCII; a byte that starts a longer character is none."""
        char = bytes((value,)).decode(self.codec, "ignore")
        return char if len(char) == 1 and unicodedata.category(char)[0] not in "CZ" else _UNDEFINED

    def encode(self, text: str) -> bytes:
        """Bytes of the page for one line of text, a byte a column; blanks of any kind become a space."""
        if text.isascii() and text.isprintable():
            return text.encode()
        try:
            return codecs.charmap_encode(text, "strict", self._table)[0]
        except UnicodeEncodeError:
            plain = unicodedata.normalize("NFC", text).translate(self._map)
        if not plain and any(unicodedata.category(char)[0] in "LNPS" for char in text):
            plain = LOST
        return codecs.charmap_encode(plain, "strict", self._table)[0]

    def replacement(self, char: str) -> str:
        """What is printed for one character: itself, its nearest ASCII, nothing, or ``LOST``."""
        category = unicodedata.category(char)
        if char in "\t\n\v\f\r" or category[0] == "Z":
            return " "
        if category[0] == "M" or category in ("Cc", "Cf", "Cs"):
            return ""
        if char in self._characters:
            return char
        if char in NEAREST:
            return NEAREST[char]
        parts = unicodedata.normalize("NFKD", char)
        if parts != char:
            return "".join(self.replacement(part) for part in parts)
        # Emoji and dingbats (So) and their skin tones (Sk) say nothing on paper that the words beside them do not.
        return "" if category in ("So", "Sk") else LOST


class _Replacements(dict[int, str]):
    """Table for ``str.translate`` that works out each character once."""

    def __init__(self, charset: Charset) -> None:
        super().__init__()
        self._charset = charset

    def __missing__(self, codepoint: int) -> str:
        found = self[codepoint] = self._charset.replacement(chr(codepoint))
        return found
