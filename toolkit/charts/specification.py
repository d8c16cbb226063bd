"""A chart as its Vega-Lite specification: what stays of the function that draws it when an answer is pickled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.charts import offline

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Specification:
    """Draws a chart again from its specification, theme and data included: plain dictionaries, which cross to another process."""

    spec: Mapping[str, Any]

    def __call__(self) -> alt.Chart | alt.LayerChart:
        """Return the chart."""
        from toolkit.charts.drawing import redrawn

        return redrawn(dict(self.spec))


def specified(draw: Callable[[], Any] | None) -> Specification | None:
    """Return a function that draws as one that can be pickled: it draws now."""
    return draw if draw is None or isinstance(draw, Specification) else Specification(offline.chart_spec(draw()))
