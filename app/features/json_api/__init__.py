"""The JSON API of the public index, for scripts, bots and mirrors."""
