"""A watch over the application's calls of AWS: on Lambda it can make those alone that are kept."""

import os
import traceback
from pathlib import Path
from typing import Any

from botocore import handlers

from sls.slim_botocore import OPERATIONS

_APP = f"{Path(__file__).parents[1] / 'app'}{os.sep}"


def watch() -> None:
    """Fail each test from now on in which the application makes a call that is not kept.

    What tests call on their own account is their own affair.
    """
    handlers.BUILTIN_HANDLERS.append(("before-parameter-build", _check))


def _check(model: Any, **_: Any) -> None:
    service, operation = model.service_model.service_name, model.name
    if operation not in OPERATIONS.get(service, ()):
        callers = (frame.f_code.co_filename for frame, _ in traceback.walk_stack(None))
        assert not any(each.startswith(_APP) for each in callers), (
            f"{operation} of {service} is missing from OPERATIONS in sls/slim_botocore.py"
        )
