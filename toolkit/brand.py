"""The chain's own name, logo and colour: documents/brand.toml, used on the pages of the apps, the wall, reports and their index.

    name = "Harbour Market"
    logo = "harbour.svg"       # beside it; svg, png or jpg of 200 kB at most, put into every page
    colour = "#8a1c4a"         # of headings, links, buttons and the first mark of charts; it must be readable on white

Each line may be left out. A logo is shown as a picture: what an svg holds cannot run.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from toolkit.charts import theme
from toolkit.charts.likeness import LEAST, unlikeness
from toolkit.edits import FOLDER
from toolkit.errors import BadValue, ToolkitError
from toolkit.language import plain, tr
from toolkit.workspace import Workspace

DOCUMENT = "brand"
LEAST_CONTRAST = 4.5
"""Of text against white, as WCAG 2 asks of text of usual size."""
NIGHT_GROUND = "#22323e"
"""The lightest ground of the pages by night (`--tk-soft`)."""
NIGHT_PAPER = "#1a222a"
LEAST_OF_MARKS = 3.0
"""Of a mark against the paper, as WCAG 2 asks of graphics."""
LARGEST_LOGO = 200_000
LONGEST_NAME = 60
_BEGINNINGS = {".png": (b"\x89PNG", "image/png"), ".jpg": (b"\xff\xd8\xff", "image/jpeg"), ".svg": (b"<svg", "image/svg+xml")}


@dataclass(frozen=True)
class Brand:
    """What the chain calls itself and looks like; empty = as the toolkit has it. `logo` is the picture as an address (`data:`)."""

    name: str = ""
    logo: str = ""
    colour: str = ""

    @property
    def style(self) -> str:
        """The colour for our pages as CSS: itself by day, by night as much lighter as it takes to be read on the dark."""
        if not self.colour:
            return ""
        deep, night = _mixed(self.colour, 0.65), _readable_by_night(self.colour)
        # Of colours.css; the page's own sheet may come later.
        day = f"--tk-main:{self.colour};--tk-main-deep:{deep};--tk-deep:{deep};--tk-link:{self.colour}" + _marks(
            self.colour, theme.PALETTE, by_night=False
        )
        dark = f"--tk-main:{night};--tk-main-deep:{_lightened(night, 0.6)};--tk-link:{night}" + _marks(
            night, theme.NIGHT_PALETTE, by_night=True
        )
        drawn = "".join(
            f'svg [fill="{one}"]{{fill:var(--tk-mark-{at})}}svg [stroke="{one}"]{{stroke:var(--tk-mark-{at})}}'
            for at, one in enumerate(theme.PALETTE, start=1)
        )
        return (
            f"@media print,(prefers-color-scheme:light){{:root:root{{{day}}}{drawn}}}"
            f"@media screen and (prefers-color-scheme:dark){{:root:root{{{dark}}}}}"
        )

    @property
    def head(self) -> str:
        """Logo and name as HTML; empty without either."""
        if not (self.name or self.logo):
            return ""
        shown = "height:2rem;width:auto;max-width:12rem;vertical-align:middle;margin-right:.6rem;background:white;border-radius:4px"
        picture = f'<img src="{self.logo}" alt="{"" if self.name else escape(tr("Logo"))}" style="{shown}">' if self.logo else ""
        return f'<p class="tk-brand" style="margin:0 0 .5rem;font-weight:650">{picture}{escape(self.name)}</p>'


def brand_of(workspace: Workspace | str | Path) -> Brand:
    """Return the brand of a workspace; an empty one without the document.

    Raises
    ------
    BadValue
        A key that there is none of, a colour that cannot be read on white, a logo that is not there or no picture: one sentence each.
    """
    ws = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    document = ws.document(DOCUMENT)
    place, faults = f"{FOLDER}/{DOCUMENT}.toml", list[str]()
    unknown = sorted(document.keys() - {"name", "logo", "colour"})
    if unknown:
        faults.append(tr("{file}: name, logo and colour were needed, but '{name}' came.", file=place, name=unknown[0]))
    name, logo, colour = (document.get(key, "") for key in ("name", "logo", "colour"))
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        faults.append(tr("{file}: name is a text of {most} signs at most.", file=place, most=LONGEST_NAME))
    if colour and not (isinstance(colour, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", colour)):
        faults.append(tr("{file}: colour is written as #8a1c4a, but {given!r} came.", file=place, given=colour))
    elif colour and (found := contrast(colour)) < LEAST_CONTRAST:
        faults.append(
            tr(
                "{file}: text in {colour} cannot be read on white ({found:.1f} to 1, {least} are needed); {darker} could be.",
                file=place, colour=colour, found=found, least=LEAST_CONTRAST, darker=_readable(colour),
            )
        )  # fmt: skip
    picture = ""
    if logo:
        try:
            picture = _picture(ws.path / FOLDER, logo, place)
        except BadValue as error:
            faults.append(str(error))
    if faults:
        raise BadValue("\n".join(faults))
    return Brand(plain(name).strip(), picture, colour.lower())


def brand_shown(workspace: Workspace | str | Path) -> Brand:
    """Return the brand as a page that must open shows it: an empty one where the document is broken (`toolkit doctor` says how)."""
    try:
        return brand_of(workspace)
    except ToolkitError:
        return Brand()


def contrast(colour: str) -> float:
    """Return the contrast of a colour with white, as WCAG 2 defines it: 1 to 21.

    >>> round(contrast("#000000")), round(contrast("#1b5e86"), 1), round(contrast("#ffcc00"), 1)
    (21, 7.0, 1.5)
    """
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _mixed(colour: str, share: float) -> str:
    """A colour with black: `share` of it stays."""
    return "#" + "".join(f"{round(int(colour[at : at + 2], 16) * share):02x}" for at in (1, 3, 5))


def _lightened(colour: str, share: float) -> str:
    """A colour with white: `share` of it stays."""
    return "#" + "".join(f"{round(255 - (255 - int(colour[at : at + 2], 16)) * share):02x}" for at in (1, 3, 5))


def _readable_by_night(colour: str) -> str:
    """As much of a colour as can be read on the lightest of the dark grounds: contrasts with white divide to that of each other."""
    ground = contrast(NIGHT_GROUND)
    return next(light for share in range(100, -1, -1) if ground / contrast(light := _lightened(colour, share / 100)) >= LEAST_CONTRAST)


@cache
def _marks(colour: str, palette: tuple[str, ...], *, by_night: bool) -> str:
    """The marks of charts with a colour as the first. Those that are like it give way to the colour least like all others that can be
    seen on the paper, and on which the words can be read that the chart has put there: by day white or black as on ours, by night black.
    """

    def serves(one: str, place: int) -> bool:
        if by_night:
            return contrast(NIGHT_PAPER) / contrast(one) >= LEAST_OF_MARKS and 21 / contrast(one) >= LEAST_CONTRAST
        return contrast(one) >= LEAST_CONTRAST if contrast(palette[place]) >= LEAST_CONTRAST else LEAST_OF_MARKS <= contrast(one) <= 4.25

    steps = range(0x10, 0x100, 0x20)
    pool = [*palette[:1], *(f"#{red:02x}{green:02x}{blue:02x}" for red in steps for green in steps for blue in steps)]
    marks = [colour, *("" if unlikeness(mark, colour) < LEAST else mark for mark in palette[1:])]
    for place, mark in enumerate(marks):
        if not mark:
            others = [one for one in marks if one]
            marks[place] = max(
                (one for one in pool if serves(one, place)), key=lambda one, others=others: min(unlikeness(one, other) for other in others)
            )
    return "".join(f";--tk-mark-{at}:{mark}" for at, mark in enumerate(marks, start=1))


def _readable(colour: str) -> str:
    return next(dark for share in range(99, -1, -1) if contrast(dark := _mixed(colour, share / 100)) >= LEAST_CONTRAST)


def _picture(folder: Path, logo: object, place: str) -> str:
    if not isinstance(logo, str) or Path(logo).name != logo:
        raise BadValue(tr("{file}: logo is the name of a file beside it, but {given!r} came.", file=place, given=str(logo)[:100]))
    path = folder / logo
    ending = {".jpeg": ".jpg"}.get(path.suffix.lower(), path.suffix.lower())
    try:
        content = path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST_LOGO else b""
    except OSError:
        content = b""
    beginning, kind = _BEGINNINGS.get(ending, (b"", ""))
    if not kind or not (beginning in content[:1000] if ending == ".svg" else content.startswith(beginning)):
        raise BadValue(
            tr(
                "{file}: {logo} is no picture that is there: a svg, png or jpg of {most} kB at most was needed.",
                file=place, logo=logo, most=LARGEST_LOGO // 1000,
            )
        )  # fmt: skip
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
