"""Asks a target and then a judge, so many times, and does nothing else: `bare.py URL PAIRS FLIGHT aiohttp|sdk`."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "Is it true that parrots talk?"}], "max_tokens": 96}
Ask = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def over_aiohttp(url: str, flight: int) -> AsyncGenerator[Ask]:
    """A model by its name is asked with a plain request."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=flight)) as session:

        async def ask(model: str) -> None:
            async with session.post(f"{url}/chat/completions", json={**BODY, "model": model}) as answer:
                await answer.json()

        yield ask


@asynccontextmanager
async def over_sdk(url: str, flight: int) -> AsyncGenerator[Ask]:
    """A model by its name is asked with OpenAI's client, as it comes."""
    import openai

    del flight
    async with openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:

        async def ask(model: str) -> None:
            await client.chat.completions.create(model=model, **BODY)

        yield ask


async def main(url: str, pairs: int, flight: int, client: str) -> None:
    """Ask all pairs, so many at a time."""
    async with (over_aiohttp if client == "aiohttp" else over_sdk)(url, flight) as ask:
        left = iter(range(pairs))

        async def work() -> None:
            for _ in left:
                await ask("stub")
                await ask("stub-judge")

        await asyncio.gather(*(work() for _ in range(flight)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
