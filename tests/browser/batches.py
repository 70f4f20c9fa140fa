"""Batches of images that people label in a browser, and windows that they do it in."""

import os

import numpy as np

from ntkcpl.labels.rows import Row, Suggestion
from ntkcpl.labels.thumbnails import thumbnails

CLASSES = ["robin", "wren", "great tit"]
HOSTILE = [
    "=1+1.png",
    'comma, "quote"; semicolon.png',
    "sub/new\nline\r.png",
    "</script><img src=x onerror=document.title='broken'>.png",
    "'-apostrophe.png",
    "__proto__",
    "emoji 🐦 Grünfink.png",
    os.fsdecode(b"v\xf6gel \xff.png"),
]
# A desktop, the same at 200 % and at 400 %, and a phone.
SIZES = [(1280, 800), (640, 400), (320, 256), (390, 780)]


def rows(ids: list[str], suggestions: bool = False) -> list[Row]:
    colours = np.random.default_rng(0).integers(0, 256, (len(ids), 3, 1, 1)).astype(np.uint8)
    images = thumbnails(np.broadcast_to(colours, (len(ids), 3, 48, 64)))
    return [
        Row(name, image, None, Suggestion(CLASSES[k % 3], 0.6) if suggestions else None)
        for k, (name, image) in enumerate(zip(ids, images, strict=True))
    ]


def numbered(number: int) -> list[str]:
    return [f"image{k}.png" for k in range(number)]
