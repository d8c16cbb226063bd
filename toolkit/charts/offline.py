"""Charts with no network: the Vega library as one local script, and the MIME bundle of a chart.

The script (vega, vega-lite, vega-embed) is made once per version by vl-convert, cached in the user's cache folder, and shared by all pages
of a report set. A chart displays itself as `application/vnd.vegalite.v5+json`, which JupyterLab 4 draws by itself and which our report
pages draw with the shared script.
"""

from __future__ import annotations

import functools
import importlib.metadata
from pathlib import Path
from typing import Any

from toolkit import language
from toolkit.atomic import written_beside
from toolkit.extras import require
from toolkit.language import tr

# Charts are Vega-Lite 6, but v5 is the newest type that JupyterLab 4.6 has a viewer for, and it draws them.
MIME = "application/vnd.vegalite.v5+json"
# Anything that may have been written by another program under this name is not trusted: the script must start and end as we write it.
_HEAD, _TAIL = "if(!window.vegaEmbed){(function(){", "\n})();}\n"


@functools.cache
def _vegalite_version() -> str:
    """Newest Vega-Lite that vl-convert carries; asking altair instead would import it (2 s) into programs that draw nothing themselves."""
    require("charts")
    import vl_convert

    return max(vl_convert.get_vegalite_versions(), key=lambda version: [int(part) for part in version.split(".")])


@functools.cache
def bundle_name() -> str:
    """File name of the script; it holds the versions, so that an update never meets an old copy."""
    return f"vega-{_vegalite_version()}-{importlib.metadata.version('vl-convert-python')}.js"


@functools.cache
def bundle() -> str:
    """Return the script that sets `window.vegaEmbed`, from the cache or (about a second, once per machine) newly made.

    It is wrapped in a function, since the raw bundle declares top-level constants and fails when a page loads it twice; `</script` is
    broken up, so that it can stand inside a page. A cache that cannot be read or written only costs the second.
    """
    from platformdirs import user_cache_path

    cached = user_cache_path("retail-member-toolkit", appauthor=False) / bundle_name()
    try:
        text = cached.read_text("utf-8")
        if text.startswith(_HEAD) and text.endswith(_TAIL):
            return text
    except (OSError, UnicodeDecodeError):
        pass
    import vl_convert

    # The stub asks for `snippet`; its own text and the function say that it is optional.
    script = vl_convert.javascript_bundle(vl_version=_vegalite_version())  # pyright: ignore[reportCallIssue]
    text = _HEAD + script.replace("</script", "<\\/script") + _TAIL
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        _replace(cached, text)
    except OSError:
        pass
    return text


def write_bundle(folder: Path) -> Path:
    """Put the script into `folder` unless it is there, whole or not at all, and return its path."""
    target = folder / bundle_name()
    text = bundle()
    if not target.exists() or target.stat().st_size != len(text.encode("utf-8")):
        folder.mkdir(parents=True, exist_ok=True)
        _replace(target, text)
    return target


def _replace(target: Path, text: str) -> None:
    with written_beside(target) as part:
        part.write_text(text, "utf-8", newline="\n")


def chart_spec(chart: Any) -> dict[str, Any]:
    """Return the chart's Vega-Lite specification with our theme; nothing is validated (2 ms instead of 20)."""
    from toolkit.charts.drawing import Chart, LayerChart
    from toolkit.charts.theme import themed

    if not isinstance(chart, Chart | LayerChart):
        chart = themed(chart)
    return language.plainly(chart.to_dict(validate=False))


def mime_bundle(chart: Any, *, svg: bool = False) -> dict[str, Any]:
    """Return how a chart displays itself: the specification, its text alternative and, if asked, a still picture (30 ms and more)."""
    spec = chart_spec(chart)
    data: dict[str, Any] = {MIME: spec, "text/plain": f"[chart] {spec.get('description') or tr('untitled')}"}
    if svg:
        data["image/svg+xml"] = svg_picture(spec)
    return data


def svg_picture(chart: Any) -> str:
    """Return the chart (or its specification) as a still SVG picture."""
    version = _vegalite_version()
    import vl_convert

    spec = chart if isinstance(chart, dict) else chart_spec(chart)
    return vl_convert.vegalite_to_svg(spec, vl_version=version)


def png_picture(chart: Any) -> bytes:
    """Return the chart as a still PNG picture, twice as fine as a screen."""
    version = _vegalite_version()
    import vl_convert

    return vl_convert.vegalite_to_png(chart_spec(chart), vl_version=version, scale=2)
