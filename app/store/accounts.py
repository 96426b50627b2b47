"""Accounts."""

from pynamodb.exceptions import PutError

from app.domain.account import Account, AccountRole
from app.errors import Conflict
from app.models.account import AccountItem
from app.store import keys
from app.store.failures import code_of, translated


class AccountStore:
    """The people and machines that have an account."""

    @translated
    def add(self, account: Account, *, password_hash: str) -> None:
        """Create an account.

        :raises Conflict: if its name is taken.
        """
        item = AccountItem(
            keys.account(account.name),
            keys.ACCOUNT,
            gsi1pk=keys.ACCOUNTS,
            gsi1sk=account.name,
            role=account.role.value,
            password_hash=password_hash,
            created_at=account.created_at,
        )
        try:
            item.save(condition=AccountItem.pk.does_not_exist())
        except PutError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise Conflict(f"There is an account {account.name!r} already.") from error

    @translated
    def get(self, name: str) -> Account | None:
        """Return an account, as of now."""
        try:
            item = AccountItem.get(keys.account(name), keys.ACCOUNT, consistent_read=True)
        except AccountItem.DoesNotExist:
            return None
        return account_record(item)


def account_record(item: AccountItem) -> Account:
    """Return the account that an item holds."""
    return Account(
        name=item.pk.removeprefix(keys.account("")),
        role=AccountRole(item.role),
        created_at=item.created_at,
    )
