"""Records of API tokens."""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.exceptions import UpdateError

from app.domain.names import NormalizedName
from app.domain.token import Permission, Token
from app.errors import NotFound
from app.models.base import LarderItem
from app.models.token import TokenItem
from app.store import keys
from app.store.failures import code_of, translated


@dataclass(frozen=True)
class TokenStore:
    """What each token is good for; `page_size` is the number of items asked for at a time."""

    page_size: int

    @translated
    def add(self, token: Token) -> None:
        """Record a new token."""
        TokenItem(
            keys.token(token.id),
            keys.TOKEN,
            gsi1pk=keys.account(token.account),
            gsi1sk=keys.token(token.id),
            account=token.account,
            label=token.label,
            permissions={permission.value for permission in token.permissions},
            projects=None if token.projects is None else set(token.projects),
            created_at=token.created_at,
            expires_at=token.expires_at,
            digest=token.digest,
        ).save(condition=TokenItem.pk.does_not_exist())

    @translated
    def of(self, account: str) -> list[Token]:
        """Return all tokens of an account, oldest first."""
        found = LarderItem.by_owner.query(
            keys.account(account),
            LarderItem.gsi1sk.startswith(keys.token("")),
            page_size=self.page_size,
        )
        return sorted((token_record(item) for item in found), key=lambda token: token.created_at)

    @translated
    def revoke(self, token_id: str, *, at: datetime) -> None:
        """End a token at once and for ever; revoking it again changes nothing.

        :raises NotFound: if there is no such token.
        """
        item = TokenItem(keys.token(token_id), keys.TOKEN)
        try:
            item.update(
                actions=[TokenItem.revoked_at.set(TokenItem.revoked_at | at)],
                condition=TokenItem.pk.exists(),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise NotFound(f"There is no token with the id {token_id!r}.") from error


def token_record(item: TokenItem) -> Token:
    """Return the token that an item describes."""
    projects = item.projects
    return Token(
        id=item.pk.removeprefix(keys.token("")),
        account=item.account,
        label=item.label,
        permissions=frozenset(map(Permission, item.permissions)),
        projects=None if projects is None else frozenset(map(NormalizedName, projects)),
        created_at=item.created_at,
        expires_at=item.expires_at,
        revoked_at=item.revoked_at,
        digest=item.digest,
    )
