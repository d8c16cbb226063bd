"""Public exports that people try first, recognised by their column names and mapped as their documentation says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from toolkit.sources.columns.contents import Contents


@dataclass(frozen=True)
class Preset:
    """A known export: what it is recognised by, and its mapping as text in which "FILES" stands for the files."""

    name: str
    needs: tuple[str, ...]
    currency: str
    sections: str  # TOML, the first table first; "" = it cannot be imported, as `note` says
    note: str = ""
    time_zone: str = ""  # the shop's own, where the export's times are not written in it
    day_column: str = ""  # a file without a header is recognised by its width and by this column of days (20170131)

    @property
    def table(self) -> str:
        """The contract table that its files are; "" = none."""
        return self.sections[1 : self.sections.find("]")]

    def fits(self, contents: Contents) -> bool:
        """Return whether a file is of this export."""
        if not set(self.needs) <= set(contents.names) or contents.has_header == bool(self.day_column):
            return False
        is_day = self.day_column and contents.time_style(self.day_column).formats == ("%Y%m%d",)
        return contents.has_header or (len(contents.names) == len(self.needs) and bool(is_day))


@cache
def known_presets() -> tuple[Preset, ...]:
    """Return the presets that files are recognised by; the Complete Journey's own mapping is none of them."""
    presets = []
    for file in sorted(files("toolkit.sources.presets").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml") and "\nneeds = " in (text := file.read_text("utf-8")):
            head, bracket, sections = text.partition("\n[")
            given = tomllib.loads(head)
            presets.append(Preset(**{**given, "needs": tuple(given["needs"])}, sections=bracket[1:] + sections))
    return tuple(presets)


def find_preset(contents: Contents) -> Preset | None:
    """Return the known export that has all its columns in this file; the one that asks for most."""
    return max((preset for preset in known_presets() if preset.fits(contents)), key=lambda preset: len(preset.needs), default=None)
