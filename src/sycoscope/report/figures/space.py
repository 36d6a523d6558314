"""How much room a figure has, and how panels share it: a page is drawn for twice, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GAP, EDGE = 26, 24  # between panels; what the figure's own edges and axis labels take
TEXT, SMALL = 12, 10  # heights of text, in pixels
# Widths of letters in Helvetica and what is metrically like it (Arial, Liberation Sans), as a share of their height.
_WIDTHS = {
    0.25: "ijlI|'",
    0.29: "ft.,:;!/[] \u00a0·",
    0.34: "r()-",
    0.5: "ckvsxyzJ",
    0.84: "mwM%",
    1.0: "W@—…→",
}
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}


@dataclass(frozen=True, slots=True)
class Space:
    """Room for one figure.

    Attributes:
        width: In pixels, beside texts of 12. inside: whether rows are named above their marks, not beside them.
    """

    width: int
    inside: bool = False

    def panels(
        self, n: int, *, left: float = 0, each: float = 0, least: int = 130, most: int = 4
    ) -> tuple[int, int]:
        """(columns, width of one panel in pixels) for `n` panels in lines of equal length.

        Args:
            left: What stands once at the left of a line, in pixels. each: what stands beside every panel. least: no
                panel is narrower, unless it stands alone. most: columns.
        """
        columns = 1
        for tried in range(min(n, most), 0, -1):
            if self._width(tried, left, each) >= least:
                columns = tried
                break
        lines = -(-n // columns)
        columns = -(-n // lines)
        return columns, max(int(self._width(columns, left, each)), 90)

    def _width(self, columns: int, left: float, each: float) -> float:
        return (self.width - EDGE - left - (columns - 1) * GAP) / columns - each


WIDE, NARROW = Space(960), Space(350, inside=True)


def text_width(text: str, size: float = TEXT) -> float:
    """About how wide a text is in a sans-serif face, in pixels."""
    return size * sum(_WIDTH_OF.get(c, 0.7 if c.isupper() else 0.56) for c in text)


def widest(texts: Iterable[str], size: float = TEXT) -> float:
    """The width of the widest text, in pixels; 0 of none."""
    return max((text_width(text, size) for text in texts), default=0.0)
