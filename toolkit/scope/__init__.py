"""What an analysis sees and the words all answers share: the view, its period, sums of a window, the rule against small groups."""
