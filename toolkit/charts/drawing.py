"""The chart classes: altair's own, that carry our theme and show themselves without a network.

This is the only module of the package that imports altair; `figure` imports it when the first chart is built.
"""

from __future__ import annotations

from typing import Any

import altair as alt
from altair.vegalite.v6.schema import SCHEMA_URL, core

from toolkit.charts.offline import mime_bundle
from toolkit.charts.theme import config


class _NotPlain(Exception):
    """Something in the chart is not a plain dictionary: the analyst refined it with altair's own classes."""


class _Offline:
    """Adds the theme at the top level only: a concatenation of our charts must not find a `config` in its parts."""

    def to_dict(self, validate: bool = True, *, context: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        if context is not None:
            return super().to_dict(validate=validate, context=context, **options)  # type: ignore[misc]
        if not validate and not options:
            try:
                return {"$schema": SCHEMA_URL, "config": config(), **_plain(self)}
            except _NotPlain:
                pass
        spec = super().to_dict(validate=validate, **options)  # type: ignore[misc]
        if self._get("config") is alt.Undefined:  # type: ignore[attr-defined]
            spec["config"] = config()  # altair put the session's theme here
        return spec

    def _repr_mimebundle_(self, *_args: Any, **_options: Any) -> dict[str, Any]:
        return mime_bundle(self)


class Chart(_Offline, alt.Chart):
    """An `alt.Chart` with our theme that displays itself with no network."""


class LayerChart(_Offline, alt.LayerChart):
    """An `alt.LayerChart` with our theme that displays itself with no network."""


def drawn(spec: dict[str, Any], layers: list[dict[str, Any]]) -> alt.Chart | alt.LayerChart:
    """Wrap Vega-Lite dictionaries as a chart that an analyst can go on refining (`.properties()`, `.encode()`, `+`).

    `alt.Chart.from_dict` would validate every node against the schema: 36-90 ms a chart against .1 ms.
    """
    if len(layers) == 1:
        unit = dict(layers[0])
        return Chart(encoding=core.FacetedEncoding(**unit.pop("encoding")), **unit, **spec)
    chart = LayerChart()
    for key, value in spec.items():
        chart[key] = value
    chart["layer"] = [_layer(unit) for unit in layers]
    return chart


def redrawn(spec: dict[str, Any]) -> Any:
    """Return the chart of a specification: one of ours if `drawn` makes such, else altair's own (several pictures side by side)."""
    rest = {key: value for key, value in spec.items() if key != "$schema"}  # `to_dict` puts it there
    if len(rest.get("layer", ())) > 1 and all("encoding" in unit for unit in rest["layer"]):
        layers = rest.pop("layer")
        return drawn(rest, layers)
    return drawn({}, [rest]) if "mark" in rest and "encoding" in rest else alt.Chart.from_dict(spec)


def _layer(unit: dict[str, Any]) -> alt.Chart:
    rest = dict(unit)
    return alt.Chart(encoding=core.FacetedEncoding(**rest.pop("encoding")), **rest)


def _plain(node: Any) -> Any:
    """Return a chart made by `drawn` as dictionaries, twenty times faster than altair's own walk; raise `_NotPlain` for anything else.

    It reads the chart as it stands, so a refinement in place (`chart.width = 300`) is seen.
    """
    if type(node) in (Chart, LayerChart, alt.Chart, core.FacetedEncoding):
        return {
            key: value if key == "data" and type(value) is dict else _plain(value)
            for key, value in node._kwds.items()
            if value is not alt.Undefined
        }
    if type(node) is dict:
        return {key: _plain(value) for key, value in node.items()}
    if type(node) is list:
        return [_plain(value) for value in node]
    if node is None or isinstance(node, str | int | float | bool):
        return node
    raise _NotPlain
