"""The raw records of files, whatever their format: one look at each file, one lazy frame for those with the same columns."""
