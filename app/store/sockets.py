"""Connections of WebSocket clients, as API Gateway holds them."""

import functools
from typing import Any

from app.store.failures import translated


@translated
def send(connection: str, message: str) -> bool:
    """Send a text to one connection; tell whether it was still there.

    :raises Unavailable: if API Gateway does not take it now.
    """
    client = _client()
    try:
        client.post_to_connection(ConnectionId=connection, Data=message.encode())
    except client.exceptions.GoneException:
        return False
    return True


@functools.cache
def _client() -> Any:
    # The SDK reads where to send from AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI.
    import botocore.session
    from botocore.config import Config

    patience = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3})
    return botocore.session.get_session().create_client("apigatewaymanagementapi", config=patience)
