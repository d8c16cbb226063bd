"""The widgets of what each column of the contract is taken from."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import flex, html
from toolkit.apps.pages.receiving import Receiving
from toolkit.importing.taken import Taken
from toolkit.language import tr
from toolkit.sources.mapping_text import toml_value

AS_WRITTEN = "\0"
"""The choice that stands for a line of the mapping that is no plain column."""


class TakenColumnsView:
    """What each column of the contract is taken from: a list to choose from, and three of its values."""

    def __init__(self, receiving: Receiving, guard: Guard) -> None:
        self.receiving, self.guard, self.showing = receiving, guard, False
        self.currency = widgets.Text(description=tr("Currency of the amounts"), continuous_update=False)
        self.currency.add_class("tk-field")
        written = guard(lambda change: self.receiving.changed(lambda: self._write_currency(change["new"])))
        self.currency.observe(lambda change: None if self.showing else written(change), "value")
        self.tables = widgets.VBox()
        self.rows: dict[tuple[str, str], tuple[widgets.Dropdown, widgets.HTML]] = {}
        self.box = widgets.VBox([self.currency, self.tables])

    def show(self) -> None:
        """Show the columns; rows that are there stay, so that the keyboard stays where it is."""
        self.showing = True
        try:
            self._show()
        finally:
            self.showing = False

    def _show(self) -> None:
        door = self.receiving.door
        self.currency.value = door.currency if door.files else ""
        takens = [taken for table in (door.tables if door.files else ()) for taken in door.columns(table)]
        if list(self.rows) != [(taken.table, taken.column) for taken in takens]:
            self._build(takens)
        for taken in takens:
            field, told = self.rows[taken.table, taken.column]
            options = _options(taken)
            if tuple(field.options) != tuple(options):
                field.options = options
            field.value = _value(taken)
            told.value = _taken_html(taken)

    def _build(self, takens: list[Taken]) -> None:
        old, self.rows = self.tables.children, {}
        tables: dict[str, list[Any]] = {}
        for taken in takens:
            field = widgets.Dropdown(description=taken.label + (" *" if taken.is_required else ""), options=_options(taken))
            field.add_class("tk-field")
            chosen = self.guard(lambda change, one=taken: self._choose(one, change["new"]))
            field.observe(lambda change, chosen=chosen: None if self.showing else chosen(change), "value")
            told = html("tk-taken")
            row = widgets.Box([field, told], layout=flex("row wrap"))
            row.add_class("tk-column")
            self.rows[taken.table, taken.column] = field, told
            tables.setdefault(taken.table, [html("tk-family", f"<h3>[{escape(taken.table)}]</h3>")]).append(row)
        self.tables.children = [widgets.VBox(rows) for rows in tables.values()]
        for box in old:
            close_all(box)

    def _choose(self, taken: Taken, raw: str) -> None:
        if raw != AS_WRITTEN:
            self.receiving.changed(lambda: self.receiving.door.take(taken.column, raw, taken.table))

    def _write_currency(self, code: str) -> None:
        self.receiving.door.write(f"currency = {toml_value(code.strip().upper())}")


def close_all(box: Any) -> None:
    """End widgets with all that is in them: the browser keeps none of them."""
    for child in getattr(box, "children", ()):
        close_all(child)
    box.close()


def _options(taken: Taken) -> list[tuple[str, str]]:
    """Return what a column can be taken from: what the mapping says where that is no plain column of the file, nothing, and the columns."""
    options = [(tr("(none)"), ""), *((name, name) for name in taken.others if name)]
    return [(taken.source, AS_WRITTEN), *options] if _value(taken) == AS_WRITTEN else options


def _value(taken: Taken) -> str:
    """Return which of the options is chosen."""
    if not taken.source:
        return ""
    is_plain = taken.raw == (taken.source,) and taken.source in taken.others
    return taken.source if is_plain else AS_WRITTEN


def _taken_html(taken: Taken) -> str:
    values = tr(", ").join(f"“{text}”" for text in taken.samples)
    shown = f'<span class="tk-values">{escape(values)}</span>' if values else ""
    remark = f"<p>{escape(taken.remark)}</p>" if taken.remark else ""
    return f"<p>{escape(taken.means)}</p>{shown}{remark}"
