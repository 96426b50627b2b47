"""The modules whose rules are taken out, and what is likely to notice."""

from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import Change, changes

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module with rules."""

    path: str
    # Themes of the corpus that are about it.
    themes: tuple[str, ...]
    # Its own tests.
    tests: tuple[str, ...]
    # Constants in it whose entries are rules.
    tables: frozenset[str] = frozenset()
    # Whether the inspector, which reads files, stands upon it.
    inspected: bool = True

    def changes(self) -> list[Change]:
        """Return the module without each of its rules."""
        return list(changes(self.path, (ROOT / self.path).read_text(), self.tables))


def _domain(
    name: str, *themes: str, tables: tuple[str, ...] = (), inspected: bool = True
) -> Module:
    return Module(
        path=f"app/domain/{name}.py",
        themes=tuple(f"{theme}/" for theme in themes),
        tests=(f"tests/unit/domain/test_{name}.py",),
        tables=frozenset(tables),
        inspected=inspected,
    )


def _feature(path: str, themes: tuple[str, ...], tests: str, *tables: str) -> Module:
    return Module(
        path=f"app/features/{path}.py",
        themes=tuple(f"{theme}/" for theme in themes),
        tests=(f"tests/integration/features/test_{tests}.py",),
        tables=frozenset(tables),
        inspected=False,
    )


MODULES = (
    _domain("zip_end", "zip-framing"),
    _domain("zip_directory", "zip-framing", "zip-members"),
    _domain("zip_extra", "zip-members", tables=("_REFUSED",)),
    _domain("zip_members", "zip-members", "bombs"),
    _domain("member_names", "member-names", "wheel-contents", "sdist-contents", tables=("_RULES",)),
    _domain("archive_limits", "bombs"),
    _domain("record", "record", tables=("_SIGNATURES",)),
    _domain("entry_points", "wheel-contents", tables=("_SCRIPTS",)),
    _domain("wheel", "wheel-contents", "zip-framing", "record", tables=("_REQUIRED", "LIMITS")),
    _domain("gzip_stream", "tar-and-gzip"),
    _domain("tar_header", "tar-and-gzip", tables=("_OTHER_NUMBERS",)),
    _domain("tar_members", "tar-and-gzip", "sdist-contents", tables=("_KINDS",)),
    _domain("pax", "tar-and-gzip", tables=("_REFUSED", "_DECISIVE")),
    _domain("link_targets", "sdist-contents"),
    _domain("sdist", "sdist-contents", "tar-and-gzip"),
    _domain("metadata", "metadata", "wheel-contents", tables=("_CHECKED",)),
    _domain("filenames", "file-names", "forms", inspected=False),
    _domain("names", "project-names", tables=("_RESERVED",), inspected=False),
    _domain("digests", "digests", inspected=False),
    _domain("attestations", "attestations", inspected=False),
    _domain("access", "tokens", "project-names", "management", inspected=False),
    _feature(
        "publication/service", ("metadata", "taken-names", "project-names", "sessions"), "upload"
    ),
    _feature(
        "upload/forms",
        ("forms", "digests", "requests"),
        "upload",
        "_OLD_ACTIONS",
        "_SINGLE",
        "_DIGESTS",
    ),
    Module(
        path="app/web/multipart.py",
        themes=("forms/", "requests/"),
        tests=("tests/integration/features/test_upload.py",),
        inspected=False,
    ),
    _feature("sessions/forms", ("sessions",), "sessions"),
    _feature("projects/forms", ("management",), "projects"),
    _feature("tokens/forms", ("tokens",), "tokens"),
)
