"""The arithmetic behind the portrait: pure functions from frames and arrays to frames and small frozen results.

Nothing here knows a workspace, a disk or a clock. Every result is the same for any row order: sums run over integers, or over values that
were sorted first. Where the evidence does not carry a figure, the result's `status` is `not measured` and its `reason` says why.
"""
