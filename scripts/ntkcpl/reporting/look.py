"""How everything looks: the name, colour and marker of each strategy, the style and the sizes."""

import hashlib
from typing import Any, NamedTuple

# Safe for colour-blind readers: Okabe and Ito (2008), "Color Universal Design"; the last three
# from Tol (2021), "Colour schemes", scheme "muted". Okabe and Ito's yellow is too pale for lines.
GREY, BLACK, ORANGE, SKY, GREEN = "#5f5f5f", "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INDIGO, WINE, OLIVE = "#332288", "#882255", "#999933"

COLUMN_WIDTH = 3.4  # inches: a column of a two-column paper
AXES_HEIGHT, LEGEND_ROW_HEIGHT = 2.35, 0.165  # inches
LEGEND_CHARACTERS = 68  # in the width of a column
LEGEND_LINE_CHARACTERS = 8  # of these for the line and the gap before a name
LINE_WIDTH, EMPHASISED_WIDTH = 1.1, 1.7  # points
BAND_ALPHA = 0.13

# "default" first: a user's own matplotlibrc must not change the figures.
STYLE_SHEET: list[Any] = [
    "default",
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 2.1,
        "legend.columnspacing": 1.0,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.xmargin": 0.02,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.5,
        "lines.markersize": 4.2,
        "figure.constrained_layout.use": True,
        "pdf.fonttype": 42,  # TrueType: text in the PDF can be searched and edited
    },
]


class Look(NamedTuple):
    """How figures and tables show a strategy.

    Attributes
    ----------
    name
        What they call it.
    colour, marker, line
        Of its curve, as Matplotlib names them.
    emphasised
        Whether its curve is thick, on top of the others, and never without a band.
    """

    name: str
    colour: str
    marker: str
    line: Any = "-"
    emphasised: bool = False

    def of_line(self) -> dict[str, Any]:
        """Return what Matplotlib needs to draw the line."""
        width = EMPHASISED_WIDTH if self.emphasised else LINE_WIDTH
        return {"color": self.colour, "linestyle": self.line, "linewidth": width}


# Relatives share a colour and differ in the marker; those that lead together, in the line too.
STRATEGIES = {
    "random": Look("Random", GREY, "o", (0, (3, 1.5))),
    "entropy": Look("Entropy", ORANGE, "s"),
    "margin": Look("Margin", ORANGE, "D"),
    "bald": Look("BALD", ORANGE, "^"),
    "coreset_self": Look("Coreset (self)", SKY, "v"),
    "coreset_al": Look("Coreset (al)", SKY, "^"),
    "badge": Look("BADGE", PURPLE, "D"),
    "badge_partition": Look("BADGE (partition)", PURPLE, "d"),
    "typiclust": Look("TypiClust", GREEN, "^"),
    "probcover": Look("ProbCover", GREEN, "v"),
    "maxherding": Look("MaxHerding", INDIGO, "s", (0, (1, 1.4))),
    "uherding": Look("UHerding", INDIGO, "D"),
    "lookahead": Look("LookAhead", OLIVE, "P"),
    "ev_gp": Look("EV-GP", BLACK, "s", (0, (1, 1.4))),
    "bait": Look("BAIT", BLACK, "D", (0, (6, 1.2, 1, 1.2))),
    "weighted_variance": Look("Weighted variance", BLACK, "^"),
    "bait_classes": Look("BAIT (classes)", BLACK, "d"),
    "epig": Look("EPIG", BLACK, "v", (0, (8, 2))),
    "tcm": Look("TCM", GREEN, "s"),
    "falcun": Look("FALCUN", ORANGE, "v"),
    "refine": Look("Refine", INDIGO, "^"),
    "uherding_fitted": Look("UHerding (fitted)", INDIGO, "d", (0, (6, 1.2, 1, 1.2))),
    "dropquery": Look("DropQuery", WINE, "X"),
    "alfamix": Look("ALFA-Mix", WINE, "o"),
    "ntkcpl_self": Look("NTKCPL (self)", BLUE, "o", emphasised=True),
    "ntkcpl_al": Look("NTKCPL (al)", VERMILLION, "s", emphasised=True),
}

# For names of the user's own: lines that no strategy above has.
OTHER_COLOURS = (INDIGO, WINE, OLIVE, ORANGE, SKY, GREEN, PURPLE, BLACK)
OTHER_MARKERS = "osD^v<>pPX*hd"
OTHER_LINES: tuple[Any, ...] = ((0, (1, 1)), (0, (4, 1, 1, 1)), (0, (6, 1.5)))


def look(strategy: str) -> Look:
    """Return the look of `strategy`, which depends on its name alone, not on its company.

    A name of the user's own stays as it is.
    """
    if strategy in STRATEGIES:
        return STRATEGIES[strategy]
    number = int.from_bytes(hashlib.sha256(strategy.encode()).digest()[:8], "big")
    number, colour = divmod(number, len(OTHER_COLOURS))
    number, marker = divmod(number, len(OTHER_MARKERS))
    line = OTHER_LINES[number % len(OTHER_LINES)]
    return Look(strategy, OTHER_COLOURS[colour], OTHER_MARKERS[marker], line)


def display_name(strategy: str) -> str:
    """Return how figures and tables call `strategy`."""
    return look(strategy).name
