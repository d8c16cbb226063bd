"""Small widgets in the words of the style sheet, and how they show and give the text that the state keeps."""

from __future__ import annotations

import os
from datetime import date
from html import escape
from typing import Any

import ipywidgets as widgets

PAGE_VARIABLE = "TOOLKIT_APP_PAGE"
"""Set where the page is ours and draws charts itself; elsewhere (JupyterLab) the frontend's own viewer does."""


def on_our_page() -> bool:
    """Say whether the page is our own, with the pages of the other steps beside it, for people who write no code."""
    return bool(os.environ.get(PAGE_VARIABLE))


def html(css: str, value: str = "") -> widgets.HTML:
    """Return a place for HTML with a class of the style sheet."""
    made = widgets.HTML(value)
    made.add_class(css)
    return made


def button(words: str, css: str, pressed: Any) -> widgets.Button:
    """Return a button; `pressed` is called with it."""
    made = widgets.Button(description=words)
    made.add_class(css)
    made.on_click(pressed)
    return made


def folded(box: Any, words: str, *, opened: bool = False) -> widgets.HTML:
    """Put a fold on top of a box and return it: on a narrow screen the rest of the box is folded away, so that the answer comes first."""
    fold = html("tk-fold", fold_html(words, opened=opened))
    box.children = [fold, *box.children]
    box.add_class("tk-folds")
    return fold


def fold_html(words: str, *, opened: bool) -> str:
    """Return what a fold shows; the style sheet hides what it folds."""
    return f"<details{' open' * opened}><summary>{escape(words)}</summary></details>"


def flex(flow: str, size: str = "") -> widgets.Layout:
    """Return the layout of a flex box: its flow, and how it grows and shrinks in the box around it."""
    return widgets.Layout(display="flex", flex_flow=flow, **({"flex": size} if size else {}))


def text_of(value: Any) -> str:
    """Return the value of a widget as the state keeps it; nothing is empty text."""
    return "" if value is None else str(value).strip()


def show_value(widget: Any, kind: str, value: str) -> None:
    """Show a value in a widget; what it cannot show (a day that is none) is shown as empty."""
    if kind == "day":
        try:
            widget.value = date.fromisoformat(value) if value else None
        except ValueError:
            widget.value = None
    elif kind == "choice":
        known = [choice for _, choice in widget.options]
        widget.value = value if value in known else known[0]
    else:
        widget.value = value
