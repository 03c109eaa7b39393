"""`python -m astral` is `astral`."""

from astral.cli import main

main()
