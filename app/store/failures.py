"""Failures of AWS, translated once, at the edge of every store.

What answers readers must start fast, so this loads the SDK only where the SDK has failed.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from app.errors import AppError, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)

# Answers that a later attempt may not get again.
_PASSING = frozenset({
    "BadDigest",
    "BandwidthLimitExceeded",
    "ConditionalRequestConflict",
    "DependencyTimeoutException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "KMSInternalException",
    "KeyUnavailableException",
    "LimitExceededException",
    "OperationAborted",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyUpdates",
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

# Answers that last until an operator changes a permission, a credential or a key of KMS. To a HEAD
# S3 gives no more than a status; what KMS says it calls `KMS.<what KMS calls it>`.
_REFUSED = frozenset({
    "400",
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AccountProblem",
    "AllAccessDisabled",
    "DisabledException",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidKeyId",
    "InvalidSignatureException",
    "InvalidToken",
    "KMSInvalidStateException",
    "MissingAuthenticationTokenException",
    "NotSignedUp",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
})  # fmt: skip
_OF_KMS = "KMS."

_NOT_SET_UP_SENTENCE = "The index is not set up yet; run `flask init`."
_REFUSED_SENTENCE = (
    "The index may not use its own storage or keys; nothing is lost. Its operator finds the cause"
    " in its log."
)
_PASSING_SENTENCE = (
    "The index cannot reach its storage right now; nothing is lost, try again shortly."
)
_MAX_CAUSE = 400


class ServiceError(Exception):
    """A failed call of our own signed requests, which go without the SDK.

    `code` is AWS's, such as `ThrottlingException`, or None if no answer came; `operation` is the
    name of the call, such as `BatchGetItem`.
    """

    def __init__(self, message: str, *, code: str | None, operation: str) -> None:
        super().__init__(message)
        self.code = code
        self.operation = operation


def translated(function: Callable[P, R]) -> Callable[P, R]:
    """Make a store's method raise `Unavailable` where AWS is away, throttled, in trouble or closed.

    Each such failure is logged, once, in AWS's own words. Any other is a bug of ours and stays what
    it is.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except AppError:
            raise
        except Exception as error:
            verdict = _verdict(error)
            if verdict is None:
                raise
            level, sentence = verdict
            _log.log(
                level,
                "back end unavailable",
                extra={"call": function.__qualname__, **_facts(error)},
            )
            raise Unavailable(sentence) from error

    return wrapper


def is_passing(error: Exception) -> bool:
    """Tell whether the same call may succeed later, by itself."""
    code = code_of(error)
    if code is None:
        return _got_no_answer(error)
    if code == "TransactionCanceledException":
        return bool(_cancelled_for(error) & PASSING_REASONS)
    return code.removeprefix(_OF_KMS) in _PASSING or code.startswith("5")


def code_of(error: Exception) -> str | None:
    """Return AWS's code of an error, or None if the call got no answer at all."""
    cause = _cause_of(error)
    if isinstance(cause, ServiceError):
        return cause.code or None
    answer = _answer_of(cause)
    return None if answer is None else str(answer.get("Error", {}).get("Code", ""))


def _verdict(error: Exception) -> tuple[int, str] | None:
    """Return how loud to log an error, and what to tell who asked; None if it is a bug."""
    code = code_of(error)
    if code in _NOT_SET_UP:
        return logging.ERROR, _NOT_SET_UP_SENTENCE
    if is_passing(error):
        return logging.WARNING, _PASSING_SENTENCE
    if code and (code in _REFUSED or code.startswith(_OF_KMS)):
        return logging.ERROR, _REFUSED_SENTENCE
    return None


def _facts(error: Exception) -> dict[str, Any]:
    """Return what AWS said, for the log: of several lines the first.

    Of a signature that it refuses AWS repeats below what was signed, with the session's token.
    """
    cause = _cause_of(error)
    operation = cause.operation if isinstance(cause, ServiceError) else None
    facts = {
        "operation": operation or getattr(cause, "operation_name", None),
        "code": code_of(error) or type(cause).__name__,
        "cause": str(cause).partition("\n")[0][:_MAX_CAUSE],
        "cancelled": sorted(_cancelled_for(error)),
        "limits": _limits(cause),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _limits(cause: BaseException) -> list[str]:
    """Return which limits of which tables and indexes were reached, where DynamoDB tells."""
    # PynamoDB passes on no more than code and message; the SDK's own error is behind its.
    answer = _answer_of(cause.__cause__) or _answer_of(cause) or {}
    reasons = answer.get("ThrottlingReasons") or answer.get("throttlingReasons") or []
    return [f"{reason.get('reason')} {reason.get('resource')}" for reason in reasons]


def _cause_of(error: Exception) -> BaseException:
    """Return the error itself or, of one of PynamoDB's, what it was raised for."""
    return getattr(error, "cause", None) or error


def _answer_of(error: BaseException | None) -> dict[str, Any] | None:
    # By its look, not its type, which would load the SDK. Of a broken connection it is None.
    answer = getattr(error, "response", None)
    return answer if isinstance(answer, dict) else None


def _got_no_answer(error: Exception) -> bool:
    cause = _cause_of(error)
    if isinstance(cause, ServiceError):
        return True
    from botocore.exceptions import BotoCoreError

    return isinstance(cause, BotoCoreError)


def _cancelled_for(error: Exception) -> set[str]:
    return {reason.code for reason in getattr(error, "cancellation_reasons", ()) if reason}
