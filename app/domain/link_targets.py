"""Where links in an archive may point to."""

from app.domain import member_names
from app.domain.member_names import Kind, MemberNames, shown
from app.errors import BadFile


def check_symbolic(name: bytes, target: bytes) -> None:
    """Check that the symbolic link `name` stays in the top folder of its archive.

    Below a link there is never a member, so the folders above it are real ones, and climbing
    through them is safe. Climbing after a descent is not: the descent may lead through a link.

    :raises BadFile: if it leaves the folder, or might.
    """
    if target.startswith(b"/"):
        raise BadFile(f"the link {shown(name)} points out of the archive, to {shown(target)}")
    folders = name.split(b"/")[:-1]
    steps = [step for step in target.split(b"/") if step not in {b"", b"."}]
    while steps[:1] == [b".."]:
        steps.pop(0)
        folders.pop() if folders else None
    if not folders:
        raise BadFile(f"the link {shown(name)} points out of the archive, to {shown(target)}")
    member_names.check(b"/".join(folders + steps))


def check_hard(name: bytes, target: bytes, names: MemberNames) -> None:
    """Check that the hard link `name` repeats a regular file that came before it.

    :raises BadFile: if it does not.
    """
    if names.kind(target) is not Kind.FILE:
        raise BadFile(f"the hard link {shown(name)} repeats no file before it: {shown(target)}")
