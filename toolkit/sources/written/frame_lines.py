"""Lines around the rows that are no rows: titles above the header, totals below; told by what they hold, not by where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_TITLE_LINES = 30
ROWS_LOOKED_AT = 50
CLEAR_SHARE = 0.8
MOST_LINES_BELOW = 6
"""A total stands among the last lines of a file, with at most a few remarks below it."""
LONGEST_LABEL = 40
VALUE = re.compile(r"[^\w]*\d[\d\W年月日时時分秒元円TZ_]*")
TOTAL = re.compile(
    r"\W*(((grand|sub|report|page|overall)[ -]?)?totals?|sum|summe|gesamt(summe|betrag)?|insgesamt|zwischensumme|totaux|totale|totaal|"
    r"total general|suma|razem|soma|итого|всего|(本页|本頁|本月|全部|销售|銷售)?(合计|合計|总计|總計|小计|小計|共计|共計|汇总|彙總)|"
    r"総計|합계|총계)"
    r"(?![a-zà-ÿа-я])",
    re.IGNORECASE,
)


def is_value(text: str) -> bool:
    """Return whether a cell is a number, money or a time, rather than a name.

    >>> [is_value(text) for text in ("252", "€1,50", "2025-03-01 10:00", "2025年3月1日", "R001", "order_no", "")]
    [True, True, True, True, False, False, False]
    """
    return bool(VALUE.fullmatch(text))


def header_below(rows: Sequence[Sequence[str]], first: int) -> int:
    """Return where the header stands: the first full line, or one below it where that line is a title with as many delimiters.

    A title fills at most half of the columns. The header below it fills more of them, holds no value and no word that comes
    again below it, and stands above values.
    """

    def filled(row: Sequence[str]) -> int:
        return sum(map(bool, row))

    if filled(rows[first]) * 2 > len(rows[first]):
        return first
    for number in range(first + 1, min(first + MOST_TITLE_LINES, len(rows))):
        row = rows[number]
        if len(row) < len(rows[first]) or filled(row) * 2 <= len(row) or filled(row) <= filled(rows[first]):
            continue
        if any(map(is_value, row)):
            return first  # the first line with many cells holds values: they stand below a sparse header
        below = rows[number + 1 : number + 1 + ROWS_LOOKED_AT]
        columns = [[cells[place] for cells in below if len(cells) > place and cells[place]] for place in range(len(row))]
        again = any(name and name in cells for name, cells in zip(row, columns, strict=True))  # then it is a row like those below it
        has_values = any(cells and sum(map(is_value, cells)) >= CLEAR_SHARE * len(cells) for cells in columns)
        return number if has_values and not again else first
    return first


def is_total(cells: Sequence[str], above: Sequence[str]) -> bool:
    """Return whether a row is a total of the rows above it: a word for it, values alone beside it, and gaps where `above` has cells.

    >>> is_total(["Total", "", "", "252"], ["R024", "M00", "P1", "10.5"])
    True
    >>> is_total(["R025", "Total", "P1", "9.9"], ["R024", "M00", "P1", "10.5"])
    False
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or len(filled[0]) > LONGEST_LABEL or not TOTAL.match(filled[0]):
        return False
    gaps = sum(bool(cell.strip()) and not (place < len(cells) and cells[place].strip()) for place, cell in enumerate(above))
    has_value = len(filled) > 1 or any(map(str.isdigit, filled[0]))
    return has_value and gaps >= min(2, len(above) - 1) and all(map(is_value, filled[1:]))
