"""Calls of AWS's JSON protocol (DynamoDB, Systems Manager) that only read.

For what every reader waits for, and nothing else: to load the SDK takes three times as long as all
the rest of a cold start. Everything that writes goes through PynamoDB and boto3.
tests/integration/store/test_aws_json.py holds the answers against PynamoDB's.
"""

import hashlib
import json
from typing import Any

from app.store import credentials, signing
from app.store.clock import Clock
from app.store.failures import ServiceError, is_passing
from app.store.signing import Scope
from app.store.wire import Answer, Wire, pause

_BADLY_SIGNED = frozenset({
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
})  # fmt: skip


class AwsJson:
    """One service, such as `dynamodb` with the protocol name `DynamoDB_20120810`."""

    def __init__(
        self, *, service: str, protocol: str, version: str, region: str, url: str, clock: Clock
    ) -> None:
        """Take the version of its JSON, `1.0` or `1.1`, and the URL where it answers."""
        self._service = service
        self._protocol = protocol
        self._type = f"application/x-amz-json-{version}"
        self._region = region
        self._clock = clock
        self.wire = Wire(url)

    def call(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to a call, as its JSON says it.

        :raises ServiceError: with AWS's code where it refuses, without one where it is away.
        """
        body = json.dumps(arguments).encode()
        attempt = 0
        while True:
            try:
                return self._send(operation, body)
            except ServiceError as error:
                if not (is_passing(error) and pause(attempt)):
                    raise
            attempt += 1

    def _send(self, operation: str, body: bytes) -> Any:
        offset = self._clock.offset
        answer = self._ask(operation, body)
        code = _code(answer)
        if code in _BADLY_SIGNED and self._clock.follow(answer.moment, offset):
            answer = self._ask(operation, body)
            code = _code(answer)
        if code is not None:
            raise ServiceError(_message(answer), code=code, operation=operation)
        if answer.is_damaged:
            what = f"the answer of {self.wire.host} was damaged on its way"
            raise ServiceError(what, code=None, operation=operation)
        return json.loads(answer.body)

    def _ask(self, operation: str, body: bytes) -> Answer:
        return self.wire.ask("POST", "/", self._headers(operation, body), body, operation=operation)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        return signing.signed_headers(
            "POST",
            "/",
            {
                "content-type": self._type,
                "host": self.wire.host,
                "x-amz-target": f"{self._protocol}.{operation}",
            },
            digest=hashlib.sha256(body).hexdigest(),
            scope=Scope.at(self._clock.now(), region=self._region, service=self._service),
            credentials=credentials.current(),
        )


def _code(answer: Answer) -> str | None:
    """Return AWS's code of a refusal, None for a success."""
    if answer.status == 200:  # noqa: PLR2004
        return None
    kind = str(_fields(answer).get("__type", ""))
    return kind.rpartition("#")[2].partition(":")[0] or str(answer.status)


def _message(answer: Answer) -> str:
    fields = _fields(answer)
    return str(fields.get("message") or fields.get("Message") or "")


def _fields(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
