"""Aggregated frame in, altair chart out: one module a picture, one theme, and drawing with no network.

Importing any of these modules costs nothing: altair is imported when the first chart is built. No analysis is imported here and no altair
setting of the session is changed; the theme travels in each chart.
"""
