"""Portrait: who the members are. One module a question family; importing this registers the questions, in reading order."""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.portrait.overview import overview
from toolkit.portrait.rfm import rfm, rfm_scores
from toolkit.portrait.segments import segments
from toolkit.portrait.movement import movement
from toolkit.portrait.contribution import contribution
from toolkit.portrait.pareto import pareto
from toolkit.portrait.quadrants import quadrants
from toolkit.portrait.stores import stores
from toolkit.portrait.scorecard import save_scorecard

__all__ = ["contribution", "movement", "overview", "pareto", "quadrants", "rfm", "rfm_scores", "save_scorecard", "segments", "stores"]
