"""`python -m toolkit.cli`."""

from toolkit.cli.shell import main

main()
