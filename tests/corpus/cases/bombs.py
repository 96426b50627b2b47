"""Bombs: small archives that would cost whoever unpacks them much time or room."""

import gzip

from tests import make
from tests.corpus.archives import MIB, inside, members, packed, pkg_info, zeros
from tests.corpus.case import Own
from tests.corpus.uploads import accepted, refused_sdist, refused_wheel
from tests.raw_archives import ZipMember, zip_archive

SIZE = "an archive unpacks to at most 1 GiB"
RATIO = "beyond 64 MiB an archive unpacks to at most 50 times its size"
TRUE = "unpacking stops where more comes than was said"
GIB = 1024 * MIB


def _said(own: Own, size: int) -> bytes:
    return zip_archive([*members(own), ZipMember(name=b"bomb", both={"size": size})])


def _many_small(own: Own) -> bytes:
    more = [ZipMember(name=b"bomb%d" % n, both={"size": 8 * MIB}) for n in range(9)]
    return zip_archive([*members(own), *more])


def _unsaid(own: Own) -> bytes:
    """Return a wheel whose METADATA says that it is small."""
    listed = members(own)
    listed[1].data = zeros(20 * MIB)
    return zip_archive(listed)


def _nested(own: Own) -> bytes:
    """Return an sdist whose gzip stream holds gzip streams, none of which anybody unpacks."""
    return make.sdist(own.project, members={f"{own.top}/bomb.gz": gzip.compress(bytes(64 * MIB))})


CASES = [
    refused_wheel(
        "said-to-be-large",
        SIZE,
        lambda o: _said(o, GIB),
        "it unpacks to more than 1073741824 bytes",
    ),
    refused_wheel(
        "said-to-be-endless",
        SIZE,
        lambda o: _said(o, 2**32 - 2),
        "it unpacks to more than 1073741824 bytes",
    ),
    refused_wheel(
        "said-to-shrink-well",
        RATIO,
        lambda o: _said(o, 65 * MIB),
        "it unpacks to more than 50 times its size",
    ),
    refused_wheel(
        "many-that-shrink-well", RATIO, _many_small, "it unpacks to more than 50 times its size"
    ),
    refused_wheel("not-said", TRUE, _unsaid, "METADATA does not unpack to"),
    refused_sdist(
        "zeros",
        RATIO,
        lambda o: packed(pkg_info(o), inside(o, "bomb", bytes(65 * MIB))),
        "it unpacks to more than 50 times its size",
    ),
    refused_sdist(
        "zeros-behind-the-end",
        RATIO,
        lambda o: packed(pkg_info(o), end=bytes(65 * MIB)),
        "it unpacks to more than 50 times its size",
    ),
    accepted("archive-within", "nobody unpacks what lies in an archive", _nested, "{sdist}"),
    accepted(
        "sixty-megabytes",
        "a small archive may unpack to 64 MiB",
        lambda o: packed(pkg_info(o), inside(o, "data", bytes(60 * MIB))),
        "{sdist}",
    ),
]
