"""Review: what it changed, what it was worth, what we learned. Importing this registers the questions, in reading order."""
