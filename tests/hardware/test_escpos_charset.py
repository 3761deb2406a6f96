"""Text for one code page: readable where it can be, and never a command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware.charset import Charset, UnknownCodepage

CP858 = Charset("cp858")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Cable [/b] 5m", b"Cable [/b] 5m"),
        ("€ 1,50", b"\xd5 1,50"),
        ("café crème ïjsje Üb", b"caf\x82 cr\x8ame \x8bjsje \x9ab"),
        ("cafe\u0301", b"caf\x82"),
        ("Łódź ə đ œ Œ ß", b"L\xa2dz e d oe Oe \xe1"),
        ("ĳs ﬁjn ⅓ ™ №5", b"ijs fijn 1/3 TM No5"),
        ("‘a’ “b” – … →", b"'a' \"b\" - ... ->"),
        ("Щука Їжак", b"Shchuka Yizhak"),
        ("Ωμέγα Θ", b"Omega Th"),
        ("ａｂ１", b"ab1"),
        ("₼ 中文 שלום", b"? ?? ????"),
        ("thee 🍵 groen", b"thee  groen"),
        ("😀👍🏽", b"?"),
        ("a\tb\nc\u00a0d\u2028e", b"a b c d e"),
        ("\u202eabc\u202c\u200b\ufeff\u00ad", b"abc"),
        ("\x1b@x\x1dV\x00y\x9b\x7f", b"@xVy"),
        ("\ud800a", b"a"),
        ("", b""),
    ],
)
def test_every_kind_of_text_has_its_bytes(text: str, printed: bytes) -> None:
    assert CP858.encode(text) == printed


@given(st.text())
def test_nothing_but_printable_bytes_leaves(text: str) -> None:
    assert all(byte >= 0x20 and byte != 0x7F for byte in CP858.encode(text))


@given(st.text(st.characters(codec="cp858", exclude_categories=["C", "Z", "M"])))
def test_text_of_the_page_is_printed_as_it_is(text: str) -> None:
    assert CP858.encode(text).decode("cp858") == text


@pytest.mark.parametrize(
    ("codec", "printed"),
    [("cp437", b"EUR 5 caf\x82"), ("cp1252", b"\x80 5 caf\xe9"), ("iso8859_15", b"\xa4 5 caf\xe9")],
)
def test_another_page_has_its_own_bytes(codec: str, printed: bytes) -> None:
    assert Charset(codec).encode("€ 5 café") == printed


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp037", "cp864", "gb18030", "iso2022_jp", "hex", "ascii", "zzz"])
def test_a_codec_that_is_no_code_page_of_a_printer_is_refused(codec: str) -> None:
    with pytest.raises(UnknownCodepage) as refused:
        Charset(codec)
    assert refused.value.name == codec


@given(st.text())
def test_a_codec_with_two_byte_characters_prints_one_byte_a_character(text: str) -> None:
    assert all(byte >= 0x20 and byte != 0x7F for byte in Charset("cp932").encode(text))
