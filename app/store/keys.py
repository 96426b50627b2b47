"""How items are named: the partition and sort keys of the one table."""

from app.domain import names
from app.domain.names import NormalizedName

PROJECT = "project"
HEAD = "head"
ACCOUNT = "account"
TOKEN = "token"  # noqa: S105 - a sort key
TAKEN = "taken"
SESSION = "session"
KEPT = "kept"
LEASE = "lease"
LOOK_ALIKE = "lookalike"
PROJECTS = "projects"
CATALOGUE = "catalogue"
UPLOADS = "uploads"
ACCOUNTS = "accounts"


def project(name: NormalizedName) -> str:
    """Return the partition that holds a project."""
    return f"project#{name}"


def account(name: str) -> str:
    """Return the partition that holds an account."""
    return f"account#{name}"


def token(token_id: str) -> str:
    """Return the partition that holds a token."""
    return f"token#{token_id}"


def taken(identity: str) -> str:
    """Return the partition that keeps a file name taken."""
    return f"taken#{identity}"


def look_alike(name: NormalizedName) -> str:
    """Return the partition that is one for all project names easily taken for each other."""
    return f"lookalike#{names.look_alike(name)}"


def role(account_name: str) -> str:
    """Return the sort key of an account's role, below a project."""
    return f"role#{account_name}"


def release(version: str) -> str:
    """Return the sort key of a release, below a project: one for `1.0` and `1.0.0` (PEP 440)."""
    return f"release#{_canonical(version)}"


def file(filename: str) -> str:
    """Return the sort key of a file, below a project."""
    return f"file#{filename}"


def metadata(filename: str) -> str:
    """Return the sort key of a file's core metadata, below a project."""
    return f"metadata#{filename}"


def provenance(filename: str) -> str:
    """Return the sort key of a file's provenance, below a project."""
    return f"provenance#{filename}"


def upload(session_id: str) -> str:
    """Return the partition that holds a publishing session."""
    return f"upload#{session_id}"


def kept(version: str) -> str:
    """Return the sort key of what keeps a release for its session, below a project."""
    return f"{KEPT}#{_canonical(version)}"


def job(name: str) -> str:
    """Return the partition that holds a scheduled job."""
    return f"job#{name}"


def _canonical(version: str) -> str:
    from packaging.utils import canonicalize_version

    return canonicalize_version(version)
