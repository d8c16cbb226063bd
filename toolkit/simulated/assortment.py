"""What the simulated shop sells: departments, categories, their weight in a basket, usual price, margin and manner.

assortment.csv has a row for each category. `kind` is empty (sold by the piece), "weight" (sold by the kilogram, median kilograms in
`parameter`), or "durable" (service life in days in `parameter`, share of members who own one in `weight`). Weights are relative within
what is sold by basket. Groceries and near-groceries of a middling European chain: the figures are made up, the orders of magnitude are not.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import polars as pl

ASSORTMENT = pl.read_csv((files("toolkit.simulated") / "assortment.csv").read_bytes())
CATEGORY_NAMES = ASSORTMENT["category"]
_KIND = ASSORTMENT["kind"].fill_null("piece").to_numpy()
WEIGHTS = np.where(_KIND == "durable", 0.0, ASSORTMENT["weight"])
BASE_SHARES = WEIGHTS / WEIGHTS.sum()
BY_WEIGHT = _KIND == "weight"
KILOGRAMS = np.where(BY_WEIGHT, ASSORTMENT["parameter"], 1.0)
DURABLE = np.flatnonzero(_KIND == "durable")
SERVICE_LIFE = ASSORTMENT["parameter"].to_numpy()[DURABLE]
OWNERS = ASSORTMENT["weight"].to_numpy()[DURABLE]

WISHES = ("Perfume", "Spirits", "Toys", "Make-up")
"""Categories that some members look at again and again and never buy."""

NICHES = {
    "young family": ("Baby food", "Nappies", "Toys"),
    "cat keeper": ("Cat food", "Pet accessories"),
    "dog keeper": ("Dog food", "Pet accessories"),
    "gluten-free": ("Gluten-free", "Rice and grains"),
    "vegan": ("Plant drinks", "Rice and grains", "Fresh herbs"),
    "wine lover": ("Wine", "Cheese counter"),
    "angler for fish": ("Fresh fish", "Smoked fish", "Frozen fish"),
    "gardener": ("Garden", "Flowers and plants"),
}
"""Small groups with a strong, stable taste: their members' weight on these categories is multiplied by `niche_boost`."""

BRANDS = (
    "Alder", "Brookfield", "Casa Lucia", "Dunmore", "Edelhof", "Fjordal", "Grandin", "Halden", "Isola", "Jansen", "Kestrel", "Lindqvist",
)  # fmt: skip
OWN_BRANDS = ("Daily", "Daily Select")
VARIANTS = ("classic", "family pack", "organic", "mild", "fine", "original", "large", "small", "extra", "selection", "light", "special")


def category_number(name: str) -> int:
    """Return the number of a category."""
    return CATEGORY_NAMES.to_list().index(name)
