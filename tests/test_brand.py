"""The chain's own name, logo and colour: read, refused in a sentence, and on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.batch.html import Heading, notice_page
from toolkit.batch.index import index_page
from toolkit.brand import LEAST_CONTRAST, Brand, brand_of, brand_shown, contrast
from toolkit.errors import BadValue
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
