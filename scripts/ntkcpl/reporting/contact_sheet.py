"""Contact sheets: many images on one page, each with its number, its class and its name."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from ntkcpl.artifacts.files import atomic
from ntkcpl.image_files import READERS, BadImageError, open_image
from ntkcpl.reporting.texts import printable

# In pixels.
SIDE = 132  # of the square that an image is fitted into, uncut
GAP = 14
MARGIN = 26
LINE = 18  # of text; a cell has two
TITLE = 40
MOST_COLUMNS = 10
LARGE, SMALL, HEADING = 14, 12, 18  # of letters

INK, QUIET, PAPER, FRAME = "#1a1a1a", "#6b6b6b", "#ffffff", "#f1f1f1"


class Cell(NamedTuple):
    """An image of a contact sheet.

    Attributes
    ----------
    path
        Its file.
    heading
        What stands under it first, such as its class.
    name
        What stands below that.
    """

    path: Path
    heading: str
    name: str


def contact_sheet(path: str | Path, title: str, cells: Sequence[Cell]) -> None:
    """Write a PNG of all images in their order, row by row, each numbered from 1.

    An image keeps its proportions, and small ones are enlarged. Texts that are too long lose their
    middle, and a file that cannot be read leaves its place empty: it may have gone meanwhile.

    Parameters
    ----------
    path
        The file to write.
    title
        What stands over all.
    cells
        The images; 20 to 100 make a tidy page.
    """
    columns = _columns(len(cells))
    rows = -(-len(cells) // columns)
    pitch = SIDE + 2 * LINE + GAP + 6
    heading = _elided(title, _font(HEADING, bold=True), columns * (SIDE + GAP) - GAP)
    size = (2 * MARGIN + columns * (SIDE + GAP) - GAP, MARGIN + TITLE + rows * pitch - GAP + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN - 4), heading, INK, _font(HEADING, bold=True))
    with ThreadPoolExecutor(READERS) as readers:
        pictures = readers.map(_picture, [cell.path for cell in cells])
        for number, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
            row, column = divmod(number, columns)
            x, y = MARGIN + column * (SIDE + GAP), MARGIN + TITLE + row * pitch
            draw.rectangle((x, y, x + SIDE - 1, y + SIDE - 1), FRAME)
            if picture is not None:
                left, top = (SIDE - picture.width) // 2, (SIDE - picture.height) // 2
                sheet.paste(picture, (x + left, y + top))
            _write(draw, x, y + SIDE + 4, number + 1, cell)
    with atomic(path) as temporary:
        sheet.save(temporary, "PNG")


def _write(draw: ImageDraw.ImageDraw, x: int, y: int, number: int, cell: Cell) -> None:
    """Write the two lines of a cell: its heading with the number at the right, and its name."""
    small, large = _font(SMALL), _font(LARGE, bold=True)
    width = small.getlength(str(number))
    draw.text((x + SIDE - width, y + 2), str(number), QUIET, small)
    draw.text((x, y), _elided(cell.heading, large, SIDE - width - 6), INK, large)
    draw.text((x, y + LINE), _elided(cell.name, small, SIDE), QUIET, small)


def _columns(cells: int) -> int:
    """Return how many images stand side by side: about half again as many as in a column."""
    return max(5, min(MOST_COLUMNS, round((1.5 * cells) ** 0.5)))


def _picture(path: Path) -> Image.Image | None:
    try:
        picture = open_image(path, SIDE)
    except BadImageError:
        return None
    scale = SIDE / max(picture.size)
    width, height = (max(1, round(scale * length)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu, which matplotlib brings along: most alphabets, the same on every machine."""
    from matplotlib.font_manager import FontProperties, findfont

    weight = "bold" if bold else "normal"
    return ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans", weight=weight)), size)


def _elided(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Return a text that fits into a width: whole, or without its middle."""
    text = printable(text)
    if font.getlength(text) <= width:
        return text
    kept = len(text) - 1
    while kept > 1:
        left = -(-kept // 2)
        shorter = f"{text[:left]}…{text[len(text) - (kept - left) :]}"
        if font.getlength(shorter) <= width:
            return shorter
        kept -= 1
    return "…"
