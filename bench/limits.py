"""What must be reached, in one place.

A limit that is `counted` gives the same figure on every machine, so `--quick` fails by it; one that
is not is a ratio of times or instructions, shown and never a reason to fail.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """The most that a figure may be."""

    at_most: float
    counted: bool = False


LIMITS = {
    # Instructions and seconds, as multiples of BASE: the Lambda runtime client, Flask and
    # serverless_wsgi with one trivial route.
    "cold page": Limit(1.3),
    "cold upload": Limit(2.1),
    # Processor time of a request, as multiples of Flask handing out the same bytes.
    "warm": Limit(2.0),
    # Processor time of one request as a multiple of another one.
    "page of 5,000 files": Limit(1.2),
    "page among 9,000 projects": Limit(1.1),
    "upload among 1,000 files": Limit(1.5),
    "upload among 5,000 files": Limit(1.5),
    # Of 50 uploads to one project at the same moment; how many render hangs on which of them meet.
    "lost uploads": Limit(0, counted=True),
    "renderings": Limit(25),
    # What the application is sent of a wheel that goes straight to storage, in KB.
    "direct upload": Limit(10, counted=True),
    # Processor time of inspecting a wheel of 50 MB, as a multiple of sha256sum and unzip -t of it.
    "inspection": Limit(1.5),
    # By how much memory grows meanwhile, in MB; what else the machine does is no part of it.
    "inspection memory": Limit(32, counted=True),
    # Calls to AWS, and DynamoDB's request units, of one request.
    "page calls": Limit(1, counted=True),
    "large page calls": Limit(2, counted=True),
    "public page reads": Limit(1, counted=True),
    # Token, account, role and head, each an item of its own.
    "page reads": Limit(4, counted=True),
    "file calls": Limit(1, counted=True),
    "file reads": Limit(5, counted=True),
    "metadata reads": Limit(6, counted=True),
    "refusal calls": Limit(0, counted=True),
    "upload calls": Limit(9, counted=True),
    "large upload calls": Limit(12, counted=True),
    # Of the deployment zip without its layer, in MB.
    "zip": Limit(11, counted=True),
    "stale bytecode": Limit(0, counted=True),
    "heavy modules": Limit(0, counted=True),
}

HEAVY = ("boto3", "botocore", "cryptography", "jwt", "pydantic", "pynamodb")
"""What the hot path must never import, for the time that a cold start takes."""
