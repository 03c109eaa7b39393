"""The Ray cluster that a run uses: joined where there is one, else begun for this process alone."""

import logging
import os
import threading
from typing import Any

from astral.errors import UserError

_joining = threading.Lock()


def join_cluster(ray: Any, address: str | None, *, asker: str, logs: bool = True) -> bool:
    """Join a cluster, unless this process is in one.

    Args:
        ray: The module.
        address: None for this machine's own, or a new one.
        asker: Who needs it, for the text of the error.
        logs: What its processes write is shown here.

    Returns:
        Whether it was joined here, so that it is the caller's to leave.

    Raises:
        UserError: There is no cluster at the address.
    """
    # Batches begin in threads, and Ray is not to be begun twice.
    with _joining:
        if ray.is_initialized():
            return False
        # astral has no telemetry, and brings none along; and the dashboard is open to whoever reaches it.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        dashboard = None if address else False
        try:
            ray.init(address=address, include_dashboard=dashboard, log_to_driver=logs, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(f"{asker}: there is no Ray cluster to be reached ({error}).") from None
        return True
