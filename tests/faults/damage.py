"""What happens to a file: a table of faults, each a function of the file and a seeded generator."""

import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

PAGE = 4096  # bytes that a file system loses at a time
TEXT = re.compile(rb"[\t\n\r -~]{6,}")

Rng = np.random.Generator
Change = Callable[[bytes, Rng], bytes]


def flip_bit(content: bytes, rng: Rng) -> bytes:
    """Flip one bit."""
    return _with_byte(content, int(rng.integers(len(content))), 1 << int(rng.integers(8)))


def flip_bit_of_text(content: bytes, rng: Rng) -> bytes:
    """Flip a bit in a text: an attribute, an id, a name, a header, or anywhere in a CSV file."""
    texts = [match.span() for match in TEXT.finditer(content)] or [(0, len(content))]
    start, end = texts[rng.integers(len(texts))]
    return _with_byte(content, int(rng.integers(start, end)), 1 << int(rng.integers(7)))


def change_byte(content: bytes, rng: Rng) -> bytes:
    """Put another byte in the place of one."""
    return _with_byte(content, int(rng.integers(len(content))), int(rng.integers(1, 256)))


def change_digit(content: bytes, rng: Rng) -> bytes:
    """Put another digit in the place of one."""
    digits = [match.start() for match in re.finditer(rb"[0-9]", content)]
    if not digits:
        return change_byte(content, rng)
    at = digits[rng.integers(len(digits))]
    other = [d for d in range(10) if d != content[at] - ord("0")][rng.integers(9)]
    return content[:at] + b"%d" % other + content[at + 1 :]


def _with_byte(content: bytes, at: int, mask: int) -> bytes:
    return content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :]


def truncate(content: bytes, rng: Rng) -> bytes:
    """Keep the beginning."""
    return content[: rng.integers(1, len(content))]


def truncate_at_line(content: bytes, rng: Rng) -> bytes:
    """Keep some of the first lines, as they are."""
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: rng.integers(1, max(2, len(lines)))])


def append(content: bytes, rng: Rng) -> bytes:
    """Add bytes that belong to nothing, or the end once more."""
    length = int(rng.integers(1, 200))
    return content + (rng.bytes(length) if rng.random() < 0.5 else content[-length:])


def zero_block(content: bytes, rng: Rng) -> bytes:
    """Zero a page, or less, as after a power cut."""
    length = min(len(content), int(2 ** rng.integers(4, 13)))
    at = int(rng.integers(0, len(content) - length + 1))
    return content[:at] + bytes(length) + content[at + length :]


def lose_block(content: bytes, rng: Rng) -> bytes:
    """Leave out some bytes in the middle."""
    at, length = int(rng.integers(len(content))), int(rng.integers(1, 100))
    return content[:at] + content[at + length :]


def change_lines(content: bytes, rng: Rng) -> bytes:
    """Leave out a line, write one twice, or let two change places."""
    lines = content.splitlines(keepends=True)
    one, other = rng.integers(len(lines), size=2)
    match rng.integers(3):
        case 0:
            del lines[one]
        case 1:
            lines.insert(one, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def encode_otherwise(content: bytes, rng: Rng) -> bytes:
    """Save a text as another program does: in another encoding, or with other line ends."""
    text = content.decode("utf-8-sig", errors="replace")
    ways: list[Callable[[], bytes]] = [
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-16-le"),
        lambda: text.encode("utf-8-sig"),
        lambda: b"\xff" + content,
        lambda: content.replace(b"\n", b"\r\n"),
        lambda: content.replace(b"\n", b"\r"),
        lambda: content.replace(b",", b";"),
        lambda: content.replace(b",", b"\0", 1),
    ]
    return ways[rng.integers(len(ways))]()


BYTES: dict[str, Change] = {
    change.__name__: change
    for change in (
        flip_bit,
        flip_bit_of_text,
        change_byte,
        change_digit,
        truncate,
        append,
        zero_block,
        lose_block,
    )
}
LINES: dict[str, Change] = {
    change.__name__: change for change in (truncate_at_line, change_lines, encode_otherwise)
}


def missing(path: Path) -> None:
    """Delete it."""
    path.unlink()


def empty(path: Path) -> None:
    """Leave nothing in it."""
    path.write_bytes(b"")


def folder(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    """Put a pipe in its place, from which nothing ever comes."""
    path.unlink()
    os.mkfifo(path)


def dangling_link(path: Path) -> None:
    """Put a link to nothing in its place."""
    path.unlink()
    path.symlink_to("nowhere")


def link_to_itself(path: Path) -> None:
    """Put a link to itself in its place."""
    path.unlink()
    path.symlink_to(path.name)


def unreadable(path: Path) -> None:
    """Let nobody read it; root reads everything, so go on as somebody else."""
    path.chmod(0)
    for encoding in ("utf-8-sig", "utf-16", "latin-1"):  # whose code somebody else may not read
        codecs.lookup(encoding)
    if os.geteuid() == 0:
        os.seteuid(65534)


PLACES: dict[str, Callable[[Path], None]] = {
    change.__name__: change
    for change in (missing, empty, folder, fifo, dangling_link, link_to_itself, unreadable)
}
