"""A Ray cluster of one's own: two nodes on this machine, for as long as a block lasts."""

import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """if 1:
    import sys
    from ray.cluster_utils import Cluster
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    print(cluster.address, flush=True)
    sys.stdin.read()
    cluster.shutdown()
"""


@contextmanager
def ray_cluster(environment: Mapping[str, str], folder: Path) -> Generator[str]:
    """The address of a cluster in a process of its own.

    Args:
        environment: That of its workers.
        folder: Where they begin.
    """
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _PROGRAM],
        cwd=folder,
        env={**environment, "RAY_USAGE_STATS_ENABLED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield (process.stdout.readline() if process.stdout else "").strip()
    finally:
        process.communicate()
