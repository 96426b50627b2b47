"""Taken names: a file name belongs to its first bytes for ever, however it is spelled."""

from tests import make
from tests.corpus.case import Case, File, Own, Request, Steps, acceptance, expect, refusal
from tests.corpus.cases.forms import sdist, wheel
from tests.corpus.uploads import upload

EVER = "a published file never changes, and its name is never given to other bytes"
SPELLED = "every spelling of one project and one version is the same name"
CHANGED = "with different content"


def _other(own: Own, version: str = "1.0") -> bytes:
    return make.wheel(own.project, version, Summary="other")


def _renamed(name: str, first: str, second: str, second_version: str, says: str) -> Case:
    """Return the case of other bytes under another spelling of a wheel's name."""

    def steps(own: Own) -> Steps:
        version = first.split("-")[1]
        file = File(first.format(stem=own.stem), make.wheel(own.project, version))
        expect(200, (yield upload(own, file, version=version)))
        file = File(second.format(stem=own.stem), _other(own, second_version))
        yield upload(own, file, version=second_version)

    return refusal(name, SPELLED, steps, says, status=409, listed=(first,))


def _changed(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    yield upload(own, File(own.wheel, _other(own)))


def _changed_sdist(own: Own) -> Steps:
    expect(200, (yield upload(own, sdist(own))))
    yield upload(own, File(own.sdist, make.sdist(own.project, document=own.metadata(Summary="x"))))


def _other_spelling_of_the_project(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    name = own.project.upper().replace("-", "__")
    yield upload(own, File(own.wheel, _other(own)), name=name)


def _sdists(own: Own) -> Steps:
    expect(200, (yield upload(own, sdist(own))))
    longer = File(f"{own.stem}-1.0.0.tar.gz", make.sdist(own.project, "1.0.0"))
    yield upload(own, longer, version="1.0.0")


def _delete(own: Own) -> Request:
    target = f"/api/v1/projects/{own.project}/files/{own.wheel}"
    return Request(method="DELETE", target=target)


def _deleted_and_changed(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    expect(204, (yield _delete(own)))
    yield upload(own, File(own.wheel, _other(own)))


def _deleted_and_back(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    expect(204, (yield _delete(own)))
    yield upload(own, wheel(own))


def _archived(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    target, body = f"/api/v1/projects/{own.project}/status", b'{"status": "archived"}'
    expect(200, (yield Request(method="PUT", target=target, body=body)))
    yield upload(own, sdist(own))


def _again(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    yield upload(own, wheel(own))


def _both(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    yield upload(own, sdist(own))


def _next_version(own: Own) -> Steps:
    expect(200, (yield upload(own, wheel(own))))
    file = File(f"{own.stem}-1.0.post1-py3-none-any.whl", make.wheel(own.project, "1.0.post1"))
    yield upload(own, file, version="1.0.post1")


WHEEL = "{stem}-1.0-py3-none-any.whl"

CASES = [
    refusal("other-bytes", EVER, _changed, CHANGED, status=409, listed=("{wheel}",)),
    refusal(
        "other-bytes-of-an-sdist", EVER, _changed_sdist, CHANGED, status=409, listed=("{sdist}",)
    ),
    refusal(
        "project-in-another-spelling",
        SPELLED,
        _other_spelling_of_the_project,
        CHANGED,
        status=409,
        listed=("{wheel}",),
    ),
    _renamed(
        "version-with-a-zero-more",
        WHEEL,
        "{stem}-1.0.0-py3-none-any.whl",
        "1.0.0",
        "maybe in another spelling",
    ),
    _renamed(
        "version-with-a-zero-less",
        WHEEL,
        "{stem}-1-py3-none-any.whl",
        "1",
        "maybe in another spelling",
    ),
    _renamed(
        "version-with-a-leading-zero",
        "{stem}-2.1-py3-none-any.whl",
        "{stem}-2.01-py3-none-any.whl",
        "2.01",
        "maybe in another spelling",
    ),
    _renamed(
        "tags-in-another-order",
        "{stem}-1.0-py2.py3-none-any.whl",
        "{stem}-1.0-py3.py2-none-any.whl",
        "1.0",
        "maybe in another spelling",
    ),
    *(
        _renamed(f"tags-{name}", WHEEL, second, "1.0", "maybe in another spelling")
        for name, second in (
            ("in-another-case", "{stem}-1.0-PY3-None-any.whl"),
            ("twice", "{stem}-1.0-py3.py3-none-any.any.whl"),
        )
    ),
    _renamed(
        "build-in-another-case",
        "{stem}-1.0-1a-py3-none-any.whl",
        "{stem}-1.0-1A-py3-none-any.whl",
        "1.0",
        "maybe in another spelling",
    ),
    refusal(
        "sdist-with-a-zero-more",
        SPELLED,
        _sdists,
        "maybe in another spelling",
        status=409,
        listed=("{sdist}",),
    ),
    refusal("deleted-and-other-bytes", EVER, _deleted_and_changed, "or existed before", status=409),
    refusal("deleted-and-the-same-bytes", EVER, _deleted_and_back, "or existed before", status=409),
    refusal(
        "archived-project",
        "PEP 792: an archived project takes no files",
        _archived,
        "is archived and takes no files",
        status=403,
        listed=("{wheel}",),
    ),
    acceptance(
        "the-same-bytes-again",
        "repeating an upload is how a lost answer is made good",
        _again,
        "Published",
        listed=("{wheel}",),
    ),
    acceptance(
        "wheel-and-sdist",
        "several files of a release",
        _both,
        "Published",
        listed=("{wheel}", "{sdist}"),
    ),
    acceptance(
        "next-version",
        "a post release is another version",
        _next_version,
        "Published",
        listed=("{wheel}", "{stem}-1.0.post1-py3-none-any.whl"),
    ),
]
