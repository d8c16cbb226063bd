"""Which receipts are orders, receipt by receipt."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.mart.orders import are_orders
from toolkit.mart.runs import runs_of

CASES = {
    "bought": ([("A", 1, 9)], True),
    "goods without a quantity, paid for": ([("A", 0, 5)], True),
    "given away": ([("A", 1, 0)], False),
    "returned": ([("A", -1, -9)], False),
    "a purchase beside a larger return": ([("A", 1, 12), ("B", -1, -50)], True),
    "changed for another good": ([("A", 1, 9), ("B", -1, -9)], True),
    "cancelled in itself": ([("A", 1, 9), ("B", 2, 4), ("A", -1, -9), ("B", -2, -4)], False),
    "cancelled in itself, with a free sample": ([("A", 1, 9), ("A", -1, -9), ("B", 1, 0)], False),
    "a part given back for all the money": ([("A", 2, 10), ("A", -1, -10)], True),
    "a fee alone (its amount is not of goods)": ([("F", 1, 0)], False),
}


@pytest.mark.parametrize("reverse", [False, True])
def test_which_receipts_are_orders(reverse: bool) -> None:
    lines = [
        (number, ord(good), quantity, paid)
        for number, (goods, _) in enumerate(CASES.values())
        for good, quantity, paid in (reversed(goods) if reverse else goods)
    ]
    receipt, product, quantity, paid = (np.array(column) for column in zip(*lines, strict=True))
    found = are_orders(runs_of(receipt), product, quantity, paid).tolist()
    assert dict(zip(CASES, found, strict=True)) == {name: wanted for name, (_, wanted) in CASES.items()}
