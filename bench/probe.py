"""One start of a function and its first answers, as the Lambda runtime client has them made.

    python probe.py HANDLER ANSWERS EVENT…

Run as a script in a folder of its own, so that nothing else of this repository is loaded. Writes
the answers, and the names of all modules that were loaded, as JSON.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller


class _Client:
    """What the runtime client says to the Lambda service, kept here."""

    def __init__(self) -> None:
        self.marshaller = LambdaMarshaller()
        self.answers: list[Any] = []

    def post_invocation_result(self, _id: str, result: str, *_: Any) -> None:
        self.answers.append(json.loads(result))

    def post_invocation_error(self, _id: str, error: str, *_: Any) -> None:
        self.answers.append({"statusCode": 0, "error": error})


def main() -> None:
    """Start, answer, write, and end without clearing up, as a frozen function does."""
    name, target, *events = sys.argv[1:]
    client = _Client()
    handler = bootstrap._get_handler(name)  # noqa: SLF001 - what the runtime client itself does
    for event in events:
        bootstrap.handle_event_request(
            client, handler, "bench", Path(event).read_bytes(), "application/json", None, None,
            "arn:aws:lambda:::function:bench", 4102444800000, None, sys.stderr,
        )  # fmt: skip
    found = {"answers": client.answers, "modules": sorted(sys.modules)}
    Path(target).write_text(json.dumps(found))
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
