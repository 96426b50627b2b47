"""Project names: which there may be, and which a new project may have."""

from packaging.utils import canonicalize_name

from tests import make
from tests.corpus.case import Case, File, Own, Steps, acceptance, one, refusal
from tests.corpus.cases.forms import sdist, wheel
from tests.corpus.uploads import upload

VALID = "names specification: ASCII letters, digits, '.', '-', '_', a letter or digit at both ends"
RESERVED = "people ask installers for such names by mistake"
LOOK = "a name that is easily taken for another project's belongs to that project's owner"


def _name(name: str, project: str, why: str = VALID) -> Case:
    return refusal(
        name, why, lambda o: one(upload(o, wheel(o), name=project)), "is not a valid project name"
    )


def _reserved(spelling: str) -> Case:
    """Return the case of a reserved name; the archive is a right one in that name."""

    def steps(own: Own) -> Steps:
        file = File(make.wheel_name(spelling), make.wheel(spelling))
        return one(upload(own, file, name=spelling))

    return refusal(
        f"reserved-{spelling}", RESERVED, steps, "is reserved", project=canonicalize_name(spelling)
    )


def _look(spelling: str) -> Case:
    """Return the case of a stranger's project that looks like one that is there."""

    def steps(own: Own) -> Steps:
        yield upload(own, wheel(own))
        name = own.project.replace("corpus-", spelling, 1)
        file = File(make.wheel_name(name), make.wheel(name))
        yield upload(own, file, name=name, credential=own.as_stranger)

    return refusal(
        f"look-alike-{spelling.strip('-')}",
        LOOK,
        steps,
        "looks like",
        status=403,
        listed=("{wheel}",),
        needs_stranger=True,
    )


def _own_look(own: Own) -> Steps:
    name = own.project.replace("corpus-", "c0rpus", 1)
    yield upload(own, File(make.wheel_name(name), make.wheel(name)), name=name)
    yield upload(own, wheel(own))


def _stranger(own: Own) -> Steps:
    yield upload(own, wheel(own))
    yield upload(own, sdist(own), credential=own.as_stranger)


def _long(own: Own) -> Steps:
    name = own.project + "x" * (128 - len(own.project))
    yield upload(own, File(make.wheel_name(name), make.wheel(name)), name=name)


CASES = [
    _name("dash-first", "-corpus"),
    _name("dash-last", "corpus-"),
    _name("dot", "."),
    _name("climbing", "../../etc"),
    _name("slash", "corpus/evil"),
    _name("space-within", "corpus evil"),
    _name("not-ascii", "córpus"),
    _name("full-width", "\uff43\uff4f\uff52\uff50\uff55\uff53"),
    _name("cyrillic", "c\u043erpus", "it looks like ASCII, but is not"),
    _name("kelvin-sign", "corpus\u212a", "some regular expressions fold it to k"),
    _name("line-break", "cor\npus"),
    _name("nul", "cor\0pus"),
    _name("markup", "<script>"),
    _name("item-key", "project#corpus"),
    _name("long", "n" * 129, "a name has at most 128 characters"),
    _name("very-long", "n" * 100_000, "a name has at most 128 characters"),
    *map(_reserved, ("simple", "Simple", "legacy", "requirements.txt", "pyproject-toml")),
    *map(_look, ("c0rpus-", "c-0-r-p-u-s", "corpus")),
    refusal(
        "of-somebody-else",
        "a name that is claimed belongs to its owners",
        _stranger,
        "may not upload to project",
        status=403,
        listed=("{wheel}",),
        needs_stranger=True,
    ),
    acceptance(
        "look-alike-of-the-same-owner",
        f"{LOOK}, who may have both",
        _own_look,
        "Published",
        listed=("{wheel}",),
    ),
    acceptance("longest", "128 characters are allowed", _long, "Published"),
]
