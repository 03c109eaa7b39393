"""What an HTTP endpoint answered, before anybody knows which protocol it speaks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    content: bytes

    @property
    def is_error(self) -> bool:
        """Any status but success; redirects are not followed, since the headers hold the key."""
        return not 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 15.3

    @property
    def error(self) -> Any:
        """What an error's body holds: its `error`, or all of it; None where it is no JSON."""
        try:
            body: Any = json.loads(self.content)
        except ValueError:
            return None
        return body.get("error", body) if isinstance(body, dict) else body

    @property
    def message(self) -> str:
        """The endpoint's own words for an error."""
        error = self.error
        said: Any = error.get("message") if isinstance(error, dict) else error
        return said if isinstance(said, str) and said else self.content[:1000].decode(errors="replace")

    @property
    def code(self) -> str:
        """The endpoint's own code of an error, such as `insufficient_quota`."""
        return self._named("code")

    @property
    def kind(self) -> str:
        """The endpoint's own class of an error, such as `billing_error`."""
        return self._named("type")

    def _named(self, field: str) -> str:
        error = self.error
        named: Any = error.get(field) if isinstance(error, dict) else None
        return named if isinstance(named, str) else ""
