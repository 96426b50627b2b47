"""Creating accounts."""

from datetime import datetime

from argon2 import PasswordHasher

from app.domain.account import Account, AccountRole, check_name, check_password
from app.store.stores import Stores

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def create(
    name: str, *, password: str, role: AccountRole, stores: Stores, now: datetime
) -> Account:
    """Create an account.

    :raises BadRequest: if the name or the password will not do.
    :raises Conflict: if the name is taken.
    """
    account = Account(name=check_name(name), role=role, created_at=now)
    stores.accounts.add(account, password_hash=_HASHER.hash(check_password(password)))
    return account
