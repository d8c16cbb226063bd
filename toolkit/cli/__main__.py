"""`python -m toolkit.cli`."""

from toolkit.cli.shell import main

if __name__ == "__main__":
    main()
