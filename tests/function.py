"""The module that Lambda calls, `handler`, inside the process of the tests."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from unittest.mock import patch

from app import factory


@contextmanager
def function_over(front: factory.Front) -> Iterator[ModuleType]:
    """Yield the module `handler` over `front`; before and after, it is not imported.

    No other module is forgotten: what was imported meanwhile would be imported once more, and
    PynamoDB refuses a second class for one kind of item.
    """
    sys.modules.pop("handler", None)
    with patch.object(factory, "Front", lambda: front):
        try:
            yield importlib.import_module("handler")
        finally:
            sys.modules.pop("handler", None)
