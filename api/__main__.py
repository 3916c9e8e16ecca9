"""`python -m api` is the command `ordain`."""

from api.cli import main

main(prog_name="ordain")
