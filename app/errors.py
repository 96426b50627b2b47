"""What can go wrong, without a word about HTTP; app/web/problems.py makes answers of it.

AppError
├── BadRequest          400  the request is wrong and changes nothing
│   ├── BadFile         400  the uploaded archive cannot be published
│   └── UnknownMechanism 422 an upload session has no such way to send a file
├── Unauthorized        401  no credential, or one that is not good (any more)
├── Forbidden           403  a good credential that may not do this
├── NotFound            404  absent, or not for this reader
├── NotAcceptable       406  no representation the client accepts
├── Conflict            409  the state of the index forbids it
│   └── FileExists      409  the file name is taken by other bytes
├── Gone                410  a service this index does not offer
├── TooLarge            413  more bytes than allowed
└── Unavailable         503  the back end does not answer; repeating is safe
"""

import re


class AppError(Exception):
    """A refusal with its reason.

    `detail` is one sentence for a person that ends with what to do next; `facts` are its parts for
    programs and become members of the problem document (RFC 9457).
    """

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, **facts: str | int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts

    @property
    def code(self) -> str:
        """Return the stable name of this kind of error, such as `file-exists`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()


class BadRequest(AppError):
    """The request is malformed or contradicts itself; nothing was changed."""

    status = 400
    title = "Bad request"


class BadFile(BadRequest):
    """The uploaded archive is damaged, lacks something, or is not what its name says."""

    title = "Bad file"


class UnknownMechanism(BadRequest):
    """A way to send files that this index does not have (PEP 694)."""

    status = 422
    title = "Unknown mechanism"


class Unauthorized(AppError):
    """No credential was given, or the one given is unknown, expired or revoked."""

    status = 401
    title = "Credentials needed"


class Forbidden(AppError):
    """The credential is good but does not allow this."""

    status = 403
    title = "Not allowed"


class NotFound(AppError):
    """The thing does not exist, or the reader may not know that it does."""

    status = 404
    title = "Not found"


class NotAcceptable(AppError):
    """Nothing the client accepts can be served, in form (PEP 691) or coding (RFC 9110, 12.5.3)."""

    status = 406
    title = "Not acceptable"


class Conflict(AppError):
    """The request is fine but clashes with what the index already holds."""

    status = 409
    title = "Conflict"


class FileExists(Conflict):
    """The file name belongs, for ever, to other bytes."""

    title = "File already exists"


class Gone(AppError):
    """A service of the old package index that is not offered."""

    status = 410
    title = "Gone"


class TooLarge(AppError):
    """The body or the file is larger than this index takes."""

    status = 413
    title = "Too large"


class Unavailable(AppError):
    """The back end is away or throttled. `retry_after` is in whole seconds."""

    status = 503
    title = "Temporarily unavailable"
    retry_after = 2
