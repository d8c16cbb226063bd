import pytest

from toolkit.errors import BadValue
from toolkit.simulated.settings import BLOCK_MEMBERS, shop_settings


def test_members_come_in_blocks() -> None:
    settings = shop_settings(members=2 * BLOCK_MEMBERS + 1, years=2)
    assert (settings.blocks, settings.days) == (3, 730)
    assert [settings.block_size(block) for block in range(3)] == [BLOCK_MEMBERS, BLOCK_MEMBERS, 1]


def test_every_fault_is_named() -> None:
    with pytest.raises(BadValue) as caught:
        shop_settings(stores=0, walk_in_share=2, pair_cont=3, zzz=1)
    faults = str(caught.value).splitlines()
    assert len(faults) == 4
    assert "simulated_shop has no setting 'pair_cont'; did you mean 'pair_count'?" in faults
    assert any(fault.startswith("simulated_shop has no setting 'zzz'; known: members, years") for fault in faults)
    assert any(fault.startswith("simulated_shop: stores: ") and fault.endswith("but 0 came.") for fault in faults)
