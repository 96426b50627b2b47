"""Rules that can be taken out without any case noticing, each with the reason."""

_TYPED = "what is no text is none of the words either: it is there for the type checker"
_TIME = "no archive is known that takes so long: tests/unit/domain/test_archive_limits.py"

# By the path of the module and the label of the rule.
EXPLAINED: dict[tuple[str, str], str] = {
    ("app/domain/pax.py", "parse: or-condition without not length"): (
        "a record without a length ends at 0, before which there is no end of line; the type"
        " checker does not know that"
    ),
    ("app/domain/archive_limits.py", "add: without self.check_time()"): _TIME,
    (
        "app/domain/archive_limits.py",
        "check_time: without raise BadFile(f'reading it takes more than {MAX_SECONDS} sec",
    ): _TIME,
    ("app/domain/wheel.py", "_in_time: without expansion.check_time()"): _TIME,
    (
        "app/domain/access.py",
        "require_upload: without require_permission(actor, Permission.UPLOAD)",
    ): "who holds no such token is turned away before the file is received, which checks the same",
    (
        "app/domain/access.py",
        "require_manage: without raise Forbidden(f'This token is not for project {project!r};",
    ): (
        "a token for other projects is told before that there is none; it is for projects that are"
        " public, which no request makes them yet"
    ),
    (
        "app/features/publication/service.py",
        "publish: without raise Conflict('The session was changed or ended meanwhile; ",
    ): "it takes two requests at one moment: tests/integration/features/test_sessions.py",
    (
        "app/features/publication/service.py",
        "attest: without attestations.check_subject(stated, file.filename, file.sha25",
    ): "both doors check it when attestations come; this is once more, before they are published",
    (
        "app/features/projects/forms.py",
        "parse_status: or-condition without not isinstance(status, str)",
    ): _TYPED,
    (
        "app/features/projects/forms.py",
        "parse_role: or-condition without not isinstance(role, str)",
    ): _TYPED,
}
