"""All of AWS that a deployment needs: `python emulated_aws.py AWS FRONT`, numbers of open sockets.

One is AWS; FRONT stands for the host names of the one HTTP API and the one WebSocket API that are
deployed. It runs under the interpreter of the functions, which it starts as processes of the same,
and wants ministack in PYTHONPATH and its settings in the environment: tests/deploy/stack.py.

ministack is imported where it is used: pytest, in search of doctests, imports this file in an
environment without it.
"""

import asyncio
import socket
import sys
from typing import Any

# What an ASGI server calls a kind of connection: how it is named with TLS, whose it is, which stage
# of an API stands for its host name.
KINDS = {"http": ("https", "HTTP", "/$default"), "websocket": ("wss", "WEBSOCKET", "")}


def main(sockets: list[socket.socket]) -> None:
    """Serve until killed."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    know_deployments()
    front = sockets[1].getsockname()

    async def passed(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] in KINDS:
            scope = changed(scope, through_front=scope["server"] == front)
        await app(scope, receive, send)

    config = Config()
    config.bind = [f"fd://{each.fileno()}" for each in sockets]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(serve(passed, config))


def know_deployments() -> None:
    """Teach ministack the one type of resource it lacks: it serves an API as it is, without one."""
    from ministack.services.cloudformation import provisioners

    provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Deployment"] = {
        "create": lambda logical_id, *_: (logical_id, {"DeploymentId": logical_id}),
        "delete": lambda *_: None,
    }


def changed(scope: dict[str, Any], *, through_front: bool) -> dict[str, Any]:
    """Return a request as if it had come through TLS, without which the bucket refuses it."""
    secure, protocol, stage = KINDS[scope["type"]]
    scope = {**scope, "scheme": secure}
    if through_front:
        before = f"/_aws/execute-api/{api(protocol)}{stage}"
        scope |= {"path": before + scope["path"], "raw_path": before.encode() + scope["raw_path"]}
    return scope


def api(protocol: str) -> str:
    """Return the id of the deployed API of a protocol."""
    from ministack.services import apigateway

    apis = apigateway._apis.all_items()
    return next(key for (*_, key), one in apis if one["protocolType"] == protocol)


if __name__ == "__main__":
    main([socket.socket(fileno=int(each)) for each in sys.argv[1:]])
