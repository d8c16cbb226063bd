"""The widgets of the audience builder, linked to the state: questions down the left, what they make beside them. No rules here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from toolkit import wording
from toolkit.apps.pages import panels
from toolkit.apps.pages.builder import COUNTED, FROM_KEPT, Builder, Standing, spread
from toolkit.apps.pages.condition_rows_view import ConditionRowsView
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, folded, html, text_of
from toolkit.apps.pages.kept import ways_from
from toolkit.conversation.menu import SOURCES, TRAIT_WORDS
from toolkit.errors import BadValue, NameTaken
from toolkit.language import tr, word
from toolkit.scope.member_columns import member_column

OVERLAPS_SHOWN = 8
_LEVELS = {"low": 1, "mid": 2, "high": 3}  # levels are read in their order, other values with the largest first


class BuilderView:
    """The page's part for building an audience."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text)))
        self.busy = html("tk-busy")
        self.asks = Asks(self)
        self.found = Found(self)
        main = widgets.VBox([self.busy, self.said, self.found.box], layout=flex("column", "1 1 32rem"))
        main.add_class("tk-main")
        self.box = widgets.Box([self.asks.box, main], layout=flex("row wrap"))
        self.box.add_class("tk-build")
        builder.observe(self.guard(self.show), "draft")
        builder.observe(self.guard(self.show), "standing")
        builder.observe(self._show_busy, "busy")
        builder.observe(self.guard(self._show_shop), "shop")
        self.show()

    def show(self, _change: Any = None) -> None:
        """Show the draft and what it makes."""
        self.asks.show()
        self.found.show()

    def _show_shop(self, _change: Any = None) -> None:
        self.asks = Asks(self)  # other values, other numbers on the buttons
        self.box.children = [self.asks.box, *self.box.children[1:]]
        self.found.draw()
        self.show()

    def _show_busy(self, change: Any) -> None:
        self.busy.value = panels.sentence(tr("Counting …"), kind="wait") if change["new"] else ""


class Asks:
    """The questions: from whom, which kinds of members, since when, how much, what they like; or the condition as text."""

    def __init__(self, view: BuilderView) -> None:
        self.view, self.builder, self.guard = view, view.builder, view.guard
        self.showing = False  # a field filled by us is not a choice of the person's
        everybody = view.builder.everybody
        counts = everybody.counts if isinstance(everybody, Standing) else {}
        self.toggles: dict[tuple[str, str], widgets.Button] = {}
        self.source = self._field(
            widgets.Dropdown(options=[(tr(words), call) for words, call in SOURCES], description=tr("Among")), self.builder.start_from
        )
        parts = [self._asked(tr("From whom do we start?"), [self.source])]
        parts += [self._traits(name, counts[name]) for name in COUNTED if counts.get(name)]
        self.rows = ConditionRowsView(view.builder.rows, self.guard, view.show)
        parts.append(self._asked(tr("What else must hold for them?"), [self.rows.box]))
        self.typed = self._field(
            widgets.Textarea(description=tr("The same as a condition"), placeholder=tr("everybody"), continuous_update=False),
            self.builder.type,
        )
        self.typed.add_class("tk-typed")
        words = html("tk-words", panels.audience_words(self.builder.shop.members.columns))
        self.back = button(tr("Back"), "tk-quiet", self.guard(lambda _button: self.builder.back()))
        reset = button(tr("Reset"), "tk-quiet", self.guard(lambda _button: self._reset()))
        self.opened = button(tr("As an expression"), "tk-quiet", self.guard(lambda _button: self._unfold()))
        self.folded = widgets.VBox([self.typed, words])
        self.folded.layout.display = "none"
        parts.append(self._asked(tr("For who wants to type it"), [self.opened, self.folded]))
        moves = widgets.Box([self.back, reset], layout=flex("row wrap"))
        moves.add_class("tk-moves")
        self.box = widgets.VBox([moves, *parts], layout=flex("column", "0 1 24rem"))
        self.box.add_class("tk-asks")
        folded(self.box, tr("Choose the members"))

    def show(self) -> None:
        """Show the draft in the controls."""
        self.showing = True
        try:
            builder = self.builder
            for (column, value), pressed in self.toggles.items():
                (pressed.add_class if value in builder.chosen(column) else pressed.remove_class)("tk-chosen")
            self.rows.show()
            self.typed.value = builder.draft.expression
            known = [value for _, value in self.source.options]
            if builder.draft.source not in known:  # an answer taken over from the questions, or from an address
                self.source.options = [*self.source.options, (_source_words(builder.draft.source), builder.draft.source)]
            self.source.value = builder.draft.source
            self.back.disabled = not builder.can_go_back
        finally:
            self.showing = False

    def _asked(self, words: str, controls: list[Any]) -> widgets.VBox:
        box = widgets.VBox([html("tk-ask-words", f"<h2>{words}</h2>"), *controls])
        box.add_class("tk-ask")
        return box

    def _traits(self, column: str, counts: dict[str, int]) -> widgets.VBox:
        buttons = []
        for value, count in sorted(counts.items(), key=lambda item: (_LEVELS.get(item[0], 0), -item[1], item[0])):
            press = self.guard(lambda _button, value=value: self.builder.toggle(column, value))
            self.toggles[column, value] = button(f"{word(value)} {count:,}", "tk-toggle", press)
            buttons.append(self.toggles[column, value])
        row = widgets.Box(buttons, layout=flex("row wrap"))
        row.add_class("tk-toggles")
        return self._asked(tr(TRAIT_WORDS[column]), [row])

    def _unfold(self) -> None:
        self.folded.layout.display = "" if self.folded.layout.display else "none"

    def _field(self, widget: Any, changed: Any) -> Any:
        widget.add_class("tk-field")
        guarded = self.guard(lambda change: changed(change["new"] if isinstance(change["new"], bool) else text_of(change["new"])))
        widget.observe(lambda change: None if self.showing else guarded(change), "value")
        return widget

    def _reset(self) -> None:
        self.builder.reset()
        self.show()
        self.view.found.clear()


class Found:
    """What the draft makes: the sentence, the figures, the picture to brush, overlaps; keeping and saving it."""

    def __init__(self, view: BuilderView) -> None:
        self.builder, self.guard = view.builder, view.guard
        self.stop, self.head, self.cells = html("tk-stop-place"), html("tk-head"), html("tk-figures-place")
        self.picture, self.more, self.told = html("tk-chart-place"), html("tk-details"), html("tk-told")
        self.drawn = widgets.Text(continuous_update=False)
        self.drawn.add_class("tk-brush-drawn")
        self.drawn.observe(self.guard(self._brushed), "value")
        self.name = widgets.Text(description=tr("Name of this audience"), placeholder=tr("autumn win-back"), continuous_update=True)
        self.name.add_class("tk-field")
        save = button(tr("Keep it"), "tk-act", self.guard(lambda _button: self._save(replace_it=False)))
        self.again = button(tr("Keep as a new version"), "tk-quiet", self.guard(lambda _button: self._save(replace_it=True)))
        near = Guard(lambda text: setattr(self.told, "value", panels.sentence(text)))  # said where the button is
        csv = button(tr("Contact list (CSV)"), "tk-quiet", near(lambda _button: self._file("csv")))
        xlsx = button(tr("Contact list (Excel)"), "tk-quiet", near(lambda _button: self._file("xlsx")))
        self.again.layout.display = "none"
        self.named, self.ways = "", html("tk-ways-on")
        self.keep = widgets.Box([self.name, save, self.again, csv, xlsx], layout=flex("row wrap"))
        self.keep.add_class("tk-keep")
        self.box = widgets.VBox([self.stop, self.head, self.cells, self.picture, self.drawn, self.more, self.keep, self.told, self.ways])
        self.box.add_class("tk-panel")
        self.draw()

    def draw(self) -> None:
        """Draw the picture of all members."""
        self.picture.value = self._picture()

    def clear(self) -> None:
        """Forget the name, and what was said of it."""
        self.name.value = ""
        self.show()

    def show(self) -> None:
        """Show the standing."""
        found = self.builder.standing
        kept = self.builder.draft.kept
        self.told.value, self.again.layout.display = "", "" if kept else "none"
        if kept != self.named:
            self.named, self.name.value = kept, kept
        self.ways.value = panels.ways_on(ways_from(kept)) if kept else ""
        standing = found if isinstance(found, Standing) else None
        self.stop.value = "" if standing else panels.sentence(str(found))
        self.head.value = panels.lead(standing.sentence) if standing else ""
        self.cells.value = panels.figures(_figures(standing, self.builder)) if standing else ""
        self.more.value = _details(standing) if standing else ""

    def _picture(self) -> str:
        from toolkit.charts.spread import spread_chart

        cells = spread(self.builder.shop)
        self.tops = {"recency_days": cells["across_end"].max(), "amount_91d": cells["up_end"].max()}
        chart = spread_chart(
            cells,
            title=tr("All members by last visit and spend: draw a rectangle to choose"),
            across_title=member_column("recency_days").heading,
            up_title=tr("Spend in 91 days, {currency}", currency=self.builder.currency),
            up_kind="money",
        )
        return panels.chart_place(chart, tr("Members by last visit and spend"), brush="tk-brush-drawn")

    def _brushed(self, change: Any) -> None:
        self.builder.brush(brushed_spans(str(change["new"]).partition("|")[2], self.tops))

    def _save(self, *, replace_it: bool) -> None:
        try:
            told = self.builder.save(self.name.value, replace_it=replace_it)
        except BadValue as error:
            if isinstance(error, NameTaken):
                self.again.layout.display = ""
            self.told.value = panels.sentence(str(error))
            return
        self.told.value = panels.sentence(told, kind="done")

    def _file(self, form: Any) -> None:
        name, content, told = self.builder.file(self.name.value, form)
        self.told.value = panels.sentence(told, kind="done") + panels.file_link(name, content, tr("Save {name}", name=name))


def brushed_spans(text: str, tops: Mapping[str, Any] | None = None) -> dict[str, tuple[float | None, float | None]]:
    """Return the ranges of a rectangle drawn on the picture, by column; its lower edges are not below 0.

    `tops`: the upper edge of the picture by column. A rectangle that reaches it is open there: the last cell holds everybody beyond it.

    Raises
    ------
    BadValue
        The text is not what the page writes.
    """
    try:
        chosen = json.loads(text)
        spans = {
            column: (max(0.0, round(float(chosen[axis][0]))), float(round(float(chosen[axis][1]))))
            for axis, column in (("across", "recency_days"), ("up", "amount_91d"))
            if axis in chosen
        }
    except (ValueError, TypeError, LookupError, AttributeError):
        raise BadValue(tr("The rectangle on the picture could not be read. Draw it again, or type the limits.")) from None
    tops = tops or {}
    return {column: (low, None if tops.get(column) and high >= tops[column] else high) for column, (low, high) in spans.items()}


def _figures(standing: Standing, builder: Builder) -> list[tuple[str, str]]:
    everybody = builder.everybody.member_count if isinstance(builder.everybody, Standing) else 0
    shown = [(f"{standing.member_count:,}", tr("of {everybody:,} members", everybody=everybody))]
    currency = builder.currency
    shown.append(
        (
            wording.money(standing.sales, currency) if standing.sales is not None else "–",
            tr("sales, last {period_days} days", period_days=builder.shop.period_days),
        )
    )
    reach = f"{standing.reachable:,}" if standing.reachable is not None else tr("not known")
    shown.append((reach, tr("may be contacted")))
    return shown


def _details(standing: Standing) -> str:
    parts = [panels.notes(standing.notes)]
    if standing.overlap.height:
        rows = [
            (row["audience"], f"{row['member_count']:,}", wording.share(row["member_share"]))
            for row in standing.overlap.head(OVERLAPS_SHOWN).iter_rows(named=True)
        ]
        parts.append(panels.grid((tr("Shared with the audience"), tr("Members"), tr("Of these members")), rows))
    return "".join(parts)


def _source_words(source: str) -> str:
    if source.startswith(FROM_KEPT):
        return tr("The audience '{name}'", name=source.removeprefix(FROM_KEPT))
    return (
        tr("Members of the answer {source}", source=source)
        if len(source) <= 80
        else tr("Members of the answer {source} …", source=source[:70])
    )
