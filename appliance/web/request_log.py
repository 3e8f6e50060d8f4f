"""What aiohttp has to say: a request that is not HTTP is a stranger's fault, the rest is ours."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

from appliance.web.complaints import Complaints


class RequestLog(logging.LoggerAdapter[logging.Logger]):
    """Given to aiohttp in place of a logger."""

    def __init__(self, logger: logging.Logger, complaints: Complaints) -> None:
        super().__init__(logger)
        self._complaints = complaints

    def exception(self, msg: object, *args: object, exc_info: Any = True, **more: Any) -> None:
        """A traceback, unless it is a request that could not be parsed."""
        if isinstance(exc_info, HttpProcessingError):
            source = str(args[0]) if args else "nobody"
            self._complaints.say(source, f"not HTTP: {exc_info.message}")
        else:
            super().exception(msg, *args, exc_info=exc_info, **more)
