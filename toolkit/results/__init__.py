"""Results back to the shop's own systems: scores and segments, audiences, next best, contact lists as a table that the CRM reads."""

from __future__ import annotations

from toolkit.results.door import RESULTS, Written, write_back

__all__ = ["RESULTS", "Written", "write_back"]
