"""Which raw column is which contract column: names in many languages, held against what the columns contain."""
