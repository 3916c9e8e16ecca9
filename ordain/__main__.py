"""`python -m ordain` is the command `ordain`."""

from ordain.api.cli.main import main

main(prog_name="ordain")
