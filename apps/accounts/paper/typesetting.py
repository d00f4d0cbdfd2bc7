"""Any text in a PDF: each character in the first font that has it.

The fonts lie beside this module and are embedded, so that nothing depends on what is installed.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "NotoSans", "NotoSans-Bold"
_FONTS = Path(__file__).with_name("fonts")
_CHINESE = "NotoSansSC"
# Names that every PDF reader knows fonts for; not embedded.
_RARE_CHINESE, _KOREAN = "STSong-Light", "HYSMyeongJo-Medium"
BASIC_PLANE_END = "\uffff"
_HANGUL = (range(0x1100, 0x1200), range(0x3130, 0x3190), range(0xAC00, 0xD7B0))
_FILES = {
    REGULAR: "NotoSans-Regular.ttf",
    BOLD: "NotoSans-Bold.ttf",
    _CHINESE: "NotoSansSC-Regular.ttf",
}


@cache
def register_fonts() -> None:
    """Make the fonts known to ReportLab; the first call reads them, which takes a while."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, _FONTS / file))
    for name in (_RARE_CHINESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def typeset(text: str, *, font: str = REGULAR) -> str:
    """`text` as markup of ReportLab's paragraphs, every run of it in a font that has its glyphs.

    Control characters are left out; emoji, which none of the fonts has, become question marks.
    """
    register_fonts()
    printable = [char if char <= BASIC_PLANE_END else "?" for char in text if char.isprintable()]
    runs = groupby(printable, key=lambda char: _font_of(char, font))
    return "".join(
        f'<font name="{name}">{escape("".join(characters))}</font>' for name, characters in runs
    )


@cache
def _font_of(char: str, preferred: str) -> str:
    code = ord(char)
    for name in (preferred, _CHINESE):
        if code in pdfmetrics.getFont(name).face.charToGlyph:
            return name
    return _KOREAN if any(code in block for block in _HANGUL) else _RARE_CHINESE
