"""A program that takes vLLM's command line and serves its routes, with a stub in place of a model.

`python -m astral.testing.fake_vllm serve MODEL --port 8000 --enable-prefix-caching`. The model `broken` does not load,
and `mortal` dies when it is asked.
"""

import argparse
import os
import sys
import threading
from typing import Any

from astral.testing.server import StubServer


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(prog="vllm")
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - vLLM's own default; the stub binds to loopback
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--enable-prefix-caching", action="store_true")
    parser.add_argument("--max-model-len", type=int)
    told = parser.parse_args()
    if told.model == "broken":
        sys.exit("ValueError: no model of this name is known")

    def answer(body: dict[str, Any]) -> str:
        if told.model == "mortal":
            sys.stderr.write("torch.OutOfMemoryError: CUDA out of memory\n")
            sys.stderr.flush()
            os._exit(1)
        return f"{body['model']} cached" if told.enable_prefix_caching else body["model"]

    with StubServer(port=told.port, text=answer):
        threading.Event().wait()


if __name__ == "__main__":
    main()
