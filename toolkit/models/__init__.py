"""Scoring members: pure functions from polars frames and arrays to frames and small frozen results, usable by themselves.

Nothing here knows a workspace, a disk, a clock or a language. Every result is the same for any row order: sums run over integers, or over
values that were sorted first. Where the evidence does not carry a figure, the result has none and its `reason` says why (`Reason`: data,
from which the callers make a sentence).

The names stand by topic in `__init__.pyi`, with an example each in docs/models.md; each is loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
