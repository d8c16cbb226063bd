"""The chain's own name, logo and colour: read, refused in a sentence, and on the pages."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from toolkit.batch.html import Heading, notice_page
from toolkit.batch.index import index_page
from toolkit.brand import LEAST_CONTRAST, NIGHT_GROUND, NIGHT_PAPER, Brand, brand_of, brand_shown, contrast
from toolkit.charts import theme
from toolkit.charts.likeness import unlikeness
from toolkit.errors import BadValue
from toolkit.shipped import colours
from toolkit.workspace import Workspace


class Folder(Workspace):
    """A workspace of which only the documents matter."""

    def __init__(self, path: Path) -> None:
        self.path = path


def written(folder: Path, text: str, **files: bytes) -> Workspace:
    (folder / "documents").mkdir()
    (folder / "documents" / "brand.toml").write_text(text, "utf-8")
    for name, content in files.items():
        (folder / "documents" / name.replace("_", ".")).write_bytes(content)
    return Folder(folder)


def test_a_brand_is_on_every_page(tmp_path: Path) -> None:
    text = 'name = "茶 & <b>Harbour</b>"\nlogo = "harbour.svg"\ncolour = "#8A1C4A"\n'
    brand = brand_of(written(tmp_path, text, harbour_svg=b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'))
    assert brand.colour == "#8a1c4a"
    assert brand.logo.startswith("data:image/svg+xml;base64,")
    for page in (notice_page(Heading("T", "S", "1", brand=brand), kind="failed", sentence="."), index_page([], title="T", brand=brand)):
        assert "茶 &amp; &lt;b&gt;Harbour&lt;/b&gt;" in page
        assert "--tk-main:#8a1c4a" in page
        assert page.count(f'<img src="{brand.logo}"') == 1
        assert "alert(1)" not in page
    assert "tk-brand" not in index_page([], title="T")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('colour = "#ffcc00"', r"text in #ffcc00 cannot be read on white \(1.5 to 1, 4.5 are needed\); #8f7200 could be"),
        ('colour = "red"', "colour is written as #8a1c4a, but 'red' came"),
        ("name = 3", "name is a text"),
        ('logo = "../secret.png"', "logo is the name of a file beside it"),
        ('logo = "none.png"', "none.png is no picture that is there"),
        ('logo = "text.png"', "text.png is no picture that is there"),
        ('font = "Comic"', "name, logo and colour were needed, but 'font' came"),
    ],
)
def test_a_broken_one_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    ws = written(tmp_path, text, text_png=b"no picture")
    with pytest.raises(BadValue, match=said):
        brand_of(ws)
    assert brand_shown(ws) == Brand()


def test_the_colour_that_is_proposed_can_be_read() -> None:
    assert contrast("#8f7200") >= LEAST_CONTRAST


@pytest.mark.parametrize("colour", ["#8a1c4a", "#1b5e86", "#0a6b3d", "#5b2a86", "#a8590a", "#000000", "#c1121f", "#704604"])
def test_marks_follow_the_colour_and_can_be_told_apart(colour: str) -> None:
    day, night = (dict(re.findall(r"--tk-([\w-]+):(#[0-9a-f]{6})", part)) for part in Brand(colour=colour).style.split("@media screen"))
    assert day["main"] == colour
    assert contrast(NIGHT_GROUND) / contrast(night["main"]) >= LEAST_CONTRAST
    assert contrast("#1a222a") / contrast(night["main"]) >= LEAST_CONTRAST  # links, on the paper of the night
    assert contrast("#0b1a26") / contrast(night["main"]) >= LEAST_CONTRAST  # words on a button
    for tokens, palette in ((day, theme.PALETTE), (night, theme.NIGHT_PALETTE)):
        marks = [tokens[f"mark-{at}"] for at in range(1, 7)]
        assert marks[0] == tokens["main"]
        assert min(unlikeness(*pair) for pair in itertools.combinations(marks, 2)) >= 20  # ours are 25
        if palette is theme.NIGHT_PALETTE:
            assert all(contrast("#1a222a") / contrast(one) >= 3 and 21 / contrast(one) >= 4.5 for one in marks)
        else:  # white words stay on what was dark, black ones on what was light
            assert all(contrast(one) >= (4.5 if contrast(was) >= 4.5 else 3) for one, was in zip(marks, palette, strict=True))
            assert all(contrast(one) <= 4.3 for one, was in zip(marks, palette, strict=True) if contrast(was) < 4.5)


def test_the_grounds_of_the_night_are_those_of_the_sheet() -> None:
    assert tuple(re.findall(rf"--tk-{name}:(#\w+)", colours())[1] for name in ("soft", "paper")) == (NIGHT_GROUND, NIGHT_PAPER)
