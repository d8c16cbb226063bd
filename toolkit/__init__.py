"""Retail member toolkit: portrait, targeting, differentiation, review - from the shop's own receipts."""

__version__ = "0.1.0"
