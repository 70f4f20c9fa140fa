"""Faults in images that people bring: damages, bombs, other formats, odd names."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from faults.damage import BYTES, PLACES, Rng
from faults.outcomes import REFUSALS, Outcome, Verdict, fingerprint, judge_refusal
from ntkcpl import datasets, image_changes
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_table, write_table

ROOT = Path("pictures")  # of the run
FORMATS = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp", "BMP": ".bmp"}
MODES = ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "F", "YCbCr"]
OTHERS = ["EPS", "GIF", "PDF", "ICO", "PPM", "TGA", "PCX", "SGI", "JPEG2000", "DDS", "SPIDER"]
# Of an EPS that Ghostscript would run.
PROGRAM = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(ran) (w) file closefile\n"
)
NAMES = [b"=cmd|' calc'!A1.png", b"a\rb.png", b"caf\xe9.png", b"a\nb.png", b"'=1.png", b" .png"]
NAMES += [b"a,b;c\t.png", b'"quoted".png', b"-1.png", b"x" * 250 + b".png", b"\xff\xfe.PNG"]


def picture(rng: Rng) -> tuple[bytes, str]:
    """Return an image of some format and mode, encoded, and its suffix."""
    kind = list(FORMATS)[rng.integers(len(FORMATS))]
    pixels = rng.integers(0, 256, (*rng.integers(4, 60, size=2), 3)).astype(np.uint8)
    encoded = io.BytesIO()
    image = Image.fromarray(pixels)
    mode = MODES[rng.integers(len(MODES))]
    try:
        image.convert("L").convert(mode).save(encoded, kind)
    except (OSError, ValueError):  # a mode that the format has not
        encoded = io.BytesIO()
        image.save(encoded, kind)
    return encoded.getvalue(), FORMATS[kind]


def other_format(rng: Rng) -> tuple[bytes, str]:
    """Return what is no image of a format that is read, under the suffix of one."""
    kind = OTHERS[rng.integers(len(OTHERS))]
    encoded = io.BytesIO()
    texts = [PROGRAM, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"PK\x03\x04", b"\0"]
    if rng.random() < 0.4:
        encoded.write(texts[rng.integers(len(texts))])
    else:
        Image.new("RGB", (16, 16)).save(encoded, kind)
    return encoded.getvalue(), list(FORMATS.values())[rng.integers(len(FORMATS))]


def bomb(rng: Rng) -> tuple[bytes, str]:
    """Return a small file that says it is a large image."""
    width, height = (int(2 ** rng.uniform(10, 31)) for _ in range(2))
    if rng.random() < 0.5:
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(10**6))), (b"IEND", b"")]
        content = b"\x89PNG\r\n\x1a\n"
        for name, data in chunks:
            crc = struct.pack(">I", zlib.crc32(name + data))
            content += struct.pack(">I", len(data)) + name + data + crc
        return content, ".png"
    head = struct.pack("<IiiHHIIiiII", 40, width % 2**31, height % 2**31, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 10**6, 0, 0, 54) + head + bytes(10**6), ".bmp"


def put(rng: Rng, name: str) -> Path:
    """Put among the images what a fault says, and return its path."""
    content, suffix = picture(rng)
    if name in BYTES:
        content = BYTES[name](content, rng)
    elif name in SOURCES:
        content, suffix = SOURCES[name](rng)
    path = ROOT / "red" / f"odd{suffix}"
    if name == "odd_name":
        odd = NAMES[rng.integers(len(NAMES))]
        path = path.with_name(os.fsdecode(odd))
    path.write_bytes(content)
    if name in PLACES:
        PLACES[name](path)
    return path


SOURCES: dict[str, Callable[[Rng], tuple[bytes, str]]] = {
    change.__name__: change for change in (other_format, bomb, picture)
}
KINDS = [*BYTES, *PLACES, *SOURCES, "odd_name"]


def load(name: str, seed: int) -> Verdict:
    """Load the images, one of which a fault has befallen; the others must come as they are."""
    rng = np.random.default_rng(seed)
    before = pixels("skip")
    path = put(rng, name)
    image = path.relative_to(ROOT).as_posix()
    try:
        after = pixels(["raise", "skip"][rng.integers(2)])
    except REFUSALS as error:
        return judge_refusal(error, (path.name,))
    listed = image_changes.compare(ROOT, image_changes.stamps(ROOT), {})
    image_changes.embedded(listed, ROOT, {*after})
    if Path("ran").exists():
        return Verdict(Outcome.SILENT, "a program in it was run")
    if any(fingerprint(after.get(other)) != fingerprint(was) for other, was in before.items()):
        return Verdict(Outcome.SILENT, "another image has changed")
    found = after.get(image)
    if isinstance(found, str):
        return judge_refusal(datasets.DatasetError(f"{image}: {found}"), (path.name,))
    if found is None:
        gone = name in ("missing", "folder")
        return Verdict(Outcome.HARMLESS if gone else Outcome.SILENT, f"{image} is not there")
    write_table("names.csv", "names", ["id"], [[image]], Provenance())
    rows, _ = read_table("names.csv", "names", ["id"])
    if rows != [{"id": image}]:
        return Verdict(Outcome.SILENT, f"{image!r} comes back as {rows}")
    return Verdict(Outcome.TAKEN)


def pixels(on_bad_image: str) -> dict[str, np.ndarray | str]:
    """Return the pixels of each image, or why it has none."""
    settings = {"name": "imagefolder", "root": str(ROOT), "image_size": 16}
    settings["on_bad_image"] = on_bad_image
    dataset = datasets.load(datasets.DatasetSettings.model_validate(settings))
    found: dict[str, np.ndarray | str] = {}
    for split in (dataset.pool, dataset.test):
        found |= dict(zip(split.id, split.images[:], strict=True))
    return found | {str(Path(p).relative_to(ROOT)): why for p, why in dataset.skipped.items()}
