"""`python -m larder_client` is the command `larder`."""

from larder_client.cli import run

run()
