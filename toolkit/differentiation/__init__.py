"""Differentiation: which offer, with which goods, for whom, and is it worth it.

Importing this registers the questions, in reading order.
"""
