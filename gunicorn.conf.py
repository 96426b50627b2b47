"""gunicorn settings: `gunicorn` in this folder serves the index (see docs/guide/deploy.md).

Put a TLS-terminating proxy in front of it for anything but your own machine.
"""

import os

wsgi_app = "app.factory:create_app()"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"  # noqa: TID251
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # noqa: TID251
threads = 8
# A worker that receives a wheel over a slow line is busy, not dead: threads prove that it lives.
timeout = 120
graceful_timeout = 15
keepalive = 5
# The application writes a line for each request itself.
loglevel = "warning"
control_socket_disable = True
# Long tokens fit, endless header fields do not.
limit_request_field_size = 8190
