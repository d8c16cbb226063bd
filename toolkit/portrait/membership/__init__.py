"""The membership itself: who joins and how, what tiers, points, benefits, fees and prepaid money do. One module a question."""
