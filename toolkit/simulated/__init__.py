"""A shop whose truth is known: receipts to try everything on, and what was planted in them."""

from toolkit.simulated.settings import ShopSettings
from toolkit.simulated.shop import SimulatedShop, simulated_shop
from toolkit.simulated.truth import TRUTH

__all__ = ["TRUTH", "ShopSettings", "SimulatedShop", "simulated_shop"]
