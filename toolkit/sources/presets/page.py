"""docs/exports.md: which exports are recognised, by what, where their shape is from. `python -m toolkit.sources.presets.page` writes it."""

from __future__ import annotations

from toolkit.sources.presets.known import Preset, known_presets

OPENING = """# Exports that are recognised

`toolkit map FILES` recognises these by their columns and writes their whole mapping: which rows count, what makes the amount, what is the
member. Each part is tried on the file first: a format that does not read is left out and told by the cells, a column that is not there
takes its optional part with it, and a state that is not known of the export stays a question. "From documentation" means that no real file
has confirmed the shape yet: look at the first figures of `toolkit check`, and tell us.

This page is written by `python -m toolkit.sources.presets.page > docs/exports.md`.
"""


def exports_markdown() -> str:
    """Return the page on the exports that are recognised: one row an export."""
    rows = [_row(preset) for preset in sorted(known_presets(), key=lambda preset: preset.name.casefold())]
    return "\n".join([OPENING, "| export | recognised by | shape from | confirmed |", "|---|---|---|---|", *rows]) + "\n"


def _row(preset: Preset) -> str:
    by = ", ".join(preset.needs) if not preset.day_column else f"{len(preset.needs)} columns without a header, {preset.day_column} a day"
    others = [f"; with a file of {', '.join(needs)}" for needs in preset.joined.values()]
    confirmed = "cannot be imported" if not preset.table else "yes" if preset.confirmed else "from documentation"
    return f"| {preset.name} | {by}{''.join(others)} | {preset.source} | {confirmed} |"


if __name__ == "__main__":
    print(exports_markdown(), end="")
