"""Failures of AWS, translated once, at the edge of every store."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from app.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)

# Answers that a later attempt may not get again.
_PASSING = frozenset({
    "BadDigest",
    "ConditionalRequestConflict",
    "InternalError",
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "OperationAborted",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
})  # fmt: skip

# Why a transaction was cancelled that may succeed a moment later.
PASSING_REASONS = frozenset({
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
})  # fmt: skip

_NOT_SET_UP = frozenset({"ResourceNotFoundException", "NoSuchBucket", "ParameterNotFound"})


def translated(function: Callable[P, R]) -> Callable[P, R]:
    """Make a store's method raise `Unavailable` where AWS is away, throttled or in trouble.

    Any other failure of AWS is a bug of ours or a missing permission and stays what it is.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (PynamoDBException, BotoCoreError, ClientError) as error:
            if code_of(error) in _NOT_SET_UP:
                raise Unavailable("The index is not set up yet; run `flask init`.") from error
            if not is_passing(error):
                raise
            _log.warning(
                "back end unavailable", extra={"call": function.__qualname__, "cause": str(error)}
            )
            raise Unavailable(
                "The index cannot reach its storage right now; nothing is lost, try again shortly."
            ) from error

    return wrapper


def is_passing(error: Exception) -> bool:
    """Tell whether the same call may succeed later."""
    code = code_of(error)
    if isinstance(error, TransactWriteError) and code == "TransactionCanceledException":
        reasons = {reason.code for reason in error.cancellation_reasons if reason}
        return bool(reasons & PASSING_REASONS)
    if code is None:
        cause = error.cause if isinstance(error, PynamoDBException) else error
        return isinstance(cause, BotoCoreError)
    return code in _PASSING or code.startswith("5")


def code_of(error: Exception) -> str | None:
    """Return AWS's code of an error, or None if the call got no answer at all."""
    if isinstance(error, PynamoDBException):
        # PynamoDB looks for an answer in the cause, where a broken connection has None.
        return None if isinstance(error.cause, BotoCoreError) else error.cause_response_code
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return None
