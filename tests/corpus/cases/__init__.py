"""All cases, by theme; the name of a case begins with that of its theme."""

from dataclasses import replace

from tests.corpus.case import Case
from tests.corpus.cases import (
    attestations,
    bombs,
    digests,
    file_names,
    forms,
    management,
    member_names,
    metadata,
    paths,
    project_names,
    record,
    requests,
    sdist_contents,
    sessions,
    taken_names,
    tar_and_gzip,
    tokens,
    wheel_contents,
    zip_framing,
    zip_members,
)

_THEMES = (
    zip_framing,
    zip_members,
    member_names,
    record,
    wheel_contents,
    tar_and_gzip,
    sdist_contents,
    metadata,
    bombs,
    forms,
    digests,
    file_names,
    project_names,
    taken_names,
    attestations,
    requests,
    tokens,
    sessions,
    management,
    paths,
)


def _themed() -> list[Case]:
    return [
        replace(case, name=f"{theme.__name__.rpartition('.')[2].replace('_', '-')}/{case.name}")
        for theme in _THEMES
        for case in theme.CASES
    ]


ALL = _themed()
