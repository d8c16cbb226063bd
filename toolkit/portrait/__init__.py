"""Portrait: who the members are. One module a question family; importing this registers the questions, in reading order."""

from toolkit.portrait.rfm import rfm, rfm_scores
from toolkit.portrait.scorecard import save_scorecard
from toolkit.portrait.segments import segments

__all__ = ["rfm", "rfm_scores", "save_scorecard", "segments"]
