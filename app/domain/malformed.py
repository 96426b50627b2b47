"""The one error that the readers of archive formats raise."""


class Malformed(Exception):
    """The bytes are no archive of their kind, or one that two readers would read differently.

    Its text completes "… is not a readable archive: "; the caller knows the name of the file.
    """
