"""Every other provider, through the gateway library litellm: the extra `gateway`.

litellm takes 11 CPU seconds to import and asks the network for its table of prices when it is; that is forbidden here.
It sends each call once, as the other models do: patience is the limiter's and the retries'.

Source:
    https://docs.litellm.ai/docs/providers, https://docs.litellm.ai/docs/exception_mapping
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from astral.config import secrets_in_environment
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending
from astral.errors import ProviderError, UserError
from astral.providers.endings import is_block
from astral.providers.http_answer import Answer
from astral.providers.http_errors import malformed_answer, safe_text, status_error
from astral.providers.openai_content import completion_body, read_completion


class GatewayChat:
    """One model of any provider that litellm knows."""

    def __init__(
        self,
        name: str,
        model: str,
        *,
        base_url: str | None,
        timeout_seconds: float = 120.0,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the library.

        Args:
            name: Of the model, for records and errors.
            model: PROVIDER/MODEL, as litellm names it.
            base_url: Address of the provider; None for its own.
            timeout_seconds: How long an answer is waited for.
            parameters: What is sent beside.

        Raises:
            UserError: The extra is not installed, or there is no such provider.
        """
        self.name, self._model = name, model
        self._litellm = _load()
        try:
            self._litellm.get_llm_provider(model)
        except self._litellm.exceptions.BadRequestError:
            raise UserError(
                f"{name}: litellm knows no such provider. Write gateway:PROVIDER/MODEL, such as "
                "gateway:gemini/gemini-2.5-flash; https://docs.litellm.ai/docs/providers lists them."
            ) from None
        self._sent = {
            **(parameters or {}),
            "timeout": timeout_seconds,
            "num_retries": 0,
            "max_retries": 0,
            # What a provider does not take, such as a seed, is left out.
            "drop_params": True,
            **({"api_base": base_url} if base_url else {}),
        }

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
            UserError: The key or the model's name is wrong.
        """
        body = completion_body(request, model=self._model, is_openai=False)
        try:
            answer = await self._litellm.acompletion(**body, **self._sent)
        except Exception as error:  # noqa: BLE001 - its classes share no base but OpenAI's, and not all have that
            if self._is_block(error):
                return ChatReply(text="", ending=Ending.BLOCKED, model=self._model)
            raise self._error(error) from None
        try:
            return read_completion(answer.model_dump_json().encode(), asked=self._model)
        except ValueError as error:
            raise malformed_answer(error, model=self.name, key="") from None

    async def close(self) -> None:
        """Nothing to do: litellm keeps its connections for all models."""

    def _is_block(self, error: Exception) -> bool:
        if isinstance(error, self._litellm.exceptions.ContentPolicyViolationError):
            return True
        status, told = getattr(error, "status_code", 0), getattr(error, "body", None)
        return is_block(status, told) or is_block(status, {"message": str(error), "code": getattr(error, "code", "")})

    def _error(self, error: Exception) -> ProviderError | UserError:
        said = str(error)
        for secret in secrets_in_environment():
            said = said.replace(secret, "***")
        status = getattr(error, "status_code", None)
        if not isinstance(status, int):
            return ProviderError(f"{self.name}: {type(error).__name__}: {safe_text(said, '')}")
        response = getattr(error, "response", None)
        headers = getattr(response, "headers", None) or {}
        told = json.dumps({"message": said, "code": getattr(error, "code", None)}).encode()
        return status_error(
            Answer(status, headers, told), model=self.name, key="", variable="the provider's variable (docs.litellm.ai)"
        )


def _load() -> Any:
    # Else its import fetches a table of prices; the one that comes with it will do.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        import litellm  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError(
            f"gateway:… needs litellm ({error}). Install it with `pip install 'astral-safety[gateway]'`, or run a "
            "gateway's own server and name it `openai:NAME --base-url URL`."
        ) from None
    library: Any = litellm
    library.telemetry, library.suppress_debug_info = False, True
    return library
