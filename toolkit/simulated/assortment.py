"""What the simulated shop sells: departments, categories, their weight in a basket, usual price, margin and manner.

One row a category: (department, category, weight, median price, margin, kind, parameter). `kind` is "" (sold by the piece),
"weight" (sold by the kilogram, median kilograms in `parameter`), or "durable" (service life in days in `parameter`, share of members who
own one in `weight`). Weights are relative within what is sold by basket.
"""

from __future__ import annotations

from typing import NamedTuple


class Category(NamedTuple):
    """A category of the assortment."""

    department: str
    category: str
    weight: float
    price: float
    margin: float
    kind: str = ""
    parameter: float = 0.0


ASSORTMENT = [
    Category("Fruit and vegetables", "Bananas", 2.6, 1.60, 0.30, "weight", 0.9),
    Category("Fruit and vegetables", "Apples and pears", 2.2, 2.40, 0.32, "weight", 0.8),
    Category("Fruit and vegetables", "Berries", 1.3, 3.00, 0.30),
    Category("Fruit and vegetables", "Citrus", 1.4, 2.60, 0.32, "weight", 0.8),
    Category("Fruit and vegetables", "Salads", 2.0, 1.70, 0.35),
    Category("Fruit and vegetables", "Tomatoes", 2.2, 2.90, 0.30, "weight", 0.5),
    Category("Fruit and vegetables", "Potatoes and onions", 1.9, 2.20, 0.28),
    Category("Fruit and vegetables", "Root vegetables", 1.6, 1.50, 0.32),
    Category("Fruit and vegetables", "Fresh herbs", 0.8, 1.60, 0.40),
    Category("Meat and fish", "Poultry", 2.0, 6.20, 0.22),
    Category("Meat and fish", "Beef", 1.2, 9.50, 0.20),
    Category("Meat and fish", "Pork", 1.4, 5.80, 0.21),
    Category("Meat and fish", "Minced meat", 1.3, 4.90, 0.20),
    Category("Meat and fish", "Sausages and ham", 2.0, 3.20, 0.28),
    Category("Meat and fish", "Fresh fish", 0.7, 18.00, 0.24, "weight", 0.4),
    Category("Meat and fish", "Smoked fish", 0.5, 5.60, 0.26),
    Category("Dairy and eggs", "Milk", 4.2, 1.15, 0.15),
    Category("Dairy and eggs", "Yoghurt", 3.2, 1.30, 0.28),
    Category("Dairy and eggs", "Butter and margarine", 1.7, 2.60, 0.18),
    Category("Dairy and eggs", "Sliced cheese", 2.0, 2.70, 0.26),
    Category("Dairy and eggs", "Cheese counter", 0.8, 16.00, 0.34, "weight", 0.25),
    Category("Dairy and eggs", "Cream and desserts", 1.5, 1.70, 0.30),
    Category("Dairy and eggs", "Eggs", 1.8, 2.90, 0.20),
    Category("Dairy and eggs", "Plant drinks", 0.7, 2.10, 0.30),
    Category("Bakery", "Bread", 3.2, 2.20, 0.40),
    Category("Bakery", "Rolls", 2.8, 0.90, 0.45),
    Category("Bakery", "Cakes and pastry", 1.5, 2.80, 0.42),
    Category("Pantry", "Pasta", 1.6, 1.40, 0.26),
    Category("Pantry", "Rice and grains", 0.9, 2.30, 0.27),
    Category("Pantry", "Flour and sugar", 0.9, 1.20, 0.16),
    Category("Pantry", "Canned vegetables", 1.4, 1.20, 0.27),
    Category("Pantry", "Sauces and spices", 1.7, 2.30, 0.33),
    Category("Pantry", "Oil and vinegar", 0.8, 5.40, 0.22),
    Category("Pantry", "Breakfast cereals", 1.1, 3.10, 0.28),
    Category("Pantry", "Jam and honey", 0.8, 2.90, 0.29),
    Category("Pantry", "Gluten-free", 0.25, 3.60, 0.33),
    Category("Frozen", "Frozen vegetables", 1.0, 2.30, 0.29),
    Category("Frozen", "Pizza and ready meals", 1.5, 3.20, 0.30),
    Category("Frozen", "Ice cream", 0.9, 3.40, 0.34),
    Category("Frozen", "Frozen fish", 0.6, 5.20, 0.27),
    Category("Sweets and snacks", "Chocolate", 2.3, 1.90, 0.30),
    Category("Sweets and snacks", "Biscuits", 1.6, 1.90, 0.31),
    Category("Sweets and snacks", "Crisps and nuts", 1.7, 2.20, 0.32),
    Category("Sweets and snacks", "Gum and candy", 1.0, 1.50, 0.38),
    Category("Drinks", "Water", 2.0, 3.20, 0.28),
    Category("Drinks", "Soft drinks", 2.0, 2.40, 0.27),
    Category("Drinks", "Juice", 1.3, 2.20, 0.27),
    Category("Drinks", "Coffee", 1.2, 6.20, 0.20),
    Category("Drinks", "Tea", 0.6, 2.90, 0.36),
    Category("Drinks", "Beer", 1.3, 7.50, 0.18),
    Category("Drinks", "Wine", 0.9, 6.80, 0.30),
    Category("Drinks", "Spirits", 0.3, 14.50, 0.22),
    Category("Baby", "Baby food", 0.35, 1.60, 0.26),
    Category("Baby", "Nappies", 0.25, 9.80, 0.15),
    Category("Pets", "Cat food", 0.7, 3.40, 0.25),
    Category("Pets", "Dog food", 0.5, 4.60, 0.25),
    Category("Pets", "Pet accessories", 0.15, 7.50, 0.42),
    Category("Household", "Detergents", 0.8, 6.40, 0.24),
    Category("Household", "Cleaning", 0.9, 2.60, 0.31),
    Category("Household", "Paper goods", 1.2, 3.90, 0.22),
    Category("Household", "Candles and foil", 0.5, 2.40, 0.40),
    Category("Beauty and health", "Shampoo and shower", 0.8, 2.90, 0.32),
    Category("Beauty and health", "Dental care", 0.6, 2.60, 0.34),
    Category("Beauty and health", "Skin care", 0.5, 5.90, 0.38),
    Category("Beauty and health", "Make-up", 0.25, 8.20, 0.42),
    Category("Beauty and health", "Perfume", 0.12, 29.00, 0.38),
    Category("Beauty and health", "Vitamins", 0.35, 5.90, 0.40),
    Category("Leisure", "Magazines and books", 0.6, 4.20, 0.22),
    Category("Leisure", "Flowers and plants", 0.6, 6.50, 0.38),
    Category("Leisure", "Toys", 0.25, 12.50, 0.35),
    Category("Leisure", "Garden", 0.2, 8.90, 0.38),
    Category("Home and durables", "Water filters", 0.16, 14.90, 0.38, "durable", 60),
    Category("Home and durables", "Toothbrush heads", 0.30, 17.90, 0.36, "durable", 90),
    Category("Home and durables", "Razor blades", 0.25, 15.90, 0.34, "durable", 75),
    Category("Home and durables", "Printer ink", 0.15, 27.90, 0.30, "durable", 120),
    Category("Home and durables", "Batteries and bulbs", 0.35, 8.90, 0.40, "durable", 150),
    Category("Home and durables", "Vacuum bags", 0.18, 11.90, 0.42, "durable", 180),
    Category("Home and durables", "Running shoes", 0.12, 69.00, 0.34, "durable", 330),
    Category("Home and durables", "Pillows", 0.20, 24.90, 0.40, "durable", 540),
    Category("Home and durables", "Frying pans", 0.22, 34.90, 0.38, "durable", 600),
    Category("Home and durables", "Kettles and toasters", 0.20, 39.90, 0.28, "durable", 1100),
]
"""Groceries and near-groceries of a middling European chain: the figures are made up, the orders of magnitude are not."""

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
    "Alder",
    "Brookfield",
    "Casa Lucia",
    "Dunmore",
    "Edelhof",
    "Fjordal",
    "Grandin",
    "Halden",
    "Isola",
    "Jansen",
    "Kestrel",
    "Lindqvist",
)
OWN_BRANDS = ("Daily", "Daily Select")
VARIANTS = ("classic", "family pack", "organic", "mild", "fine", "original", "large", "small", "extra", "selection", "light", "special")
