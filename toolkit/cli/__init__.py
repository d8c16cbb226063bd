"""The commands: each says what it wrote and what to run next."""

from toolkit.cli.shell import main

__all__ = ["main"]
