"""entry_points.txt of a wheel (entry points specification).

A file that importlib.metadata cannot read breaks the listing of entry points for everything that
is installed beside it, so it is read here as importlib.metadata reads it.
"""

import re

from app.domain.member_names import shown
from app.errors import BadFile

# Installers make a file of each name in these groups.
_SCRIPTS = ("console_scripts", "gui_scripts")
_SCRIPT_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:]+\Z")
_REFERENCE = re.compile(r"[\w.]+\s*(:\s*[\w.]+\s*)?(\[[^\[\]]*\]\s*)?\Z")


def check(document: bytes) -> None:
    """Check that `document` can be read, and that no script leaves the folder of scripts.

    :raises BadFile: naming the line.
    """
    try:
        lines = document.decode().splitlines()
    except UnicodeDecodeError as error:
        raise BadFile("entry_points.txt is not UTF-8") from error
    group = None
    for line in map(str.strip, lines):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif line and not line.startswith("#"):
            _check_line(line, group)


def _check_line(line: str, group: str | None) -> None:
    name, separator, reference = (part.strip() for part in line.partition("="))
    if group is None or not separator or not name:
        raise BadFile(f"entry_points.txt holds {shown(line.encode())}, which is no 'name = object'")
    if group not in _SCRIPTS:
        return
    if not _SCRIPT_NAME.match(name) or name in {".", ".."}:
        raise BadFile(f"entry_points.txt names a script {shown(name.encode())}, which is a path")
    if not _REFERENCE.match(reference):
        raise BadFile(
            f"entry_points.txt gives the script {shown(name.encode())} no 'module:object'"
        )
