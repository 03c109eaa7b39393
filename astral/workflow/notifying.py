"""Tell a webhook how a night ended. Whatever goes wrong there is said, and loses nothing."""

import httpx2

from astral.config import filled_from_environment
from astral.errors import UserError
from astral.report import to_json
from astral.workflow.nights import Night, night_lines

TIMEOUT_SECONDS = 10.0


def address_of(webhook: str) -> str:
    """The address that a setting names, with what the environment holds; it is a secret.

    Raises:
        UserError: A variable is not set, or it is no address.
    """
    url = filled_from_environment(webhook, where="nightly.webhook")
    if not url.startswith(("https://", "http://")):
        raise UserError("nightly.webhook: this is no address. It starts with https:// (its value is not shown here).")
    return url


def payload_of(night: Night) -> str:
    """What is posted: `text` for Slack and what reads its messages, and the facts under `astral`; no text of a case."""
    sign = "passed" if night.exit_code == 0 else f"ended with exit code {night.exit_code.value}"
    text = "\n".join([f"astral nightly {sign}", *night_lines(night)])
    return to_json({"text": _escaped(text), "astral": night})


def notify(url: str, night: Night) -> str:
    """Post the outcome of a night.

    Args:
        url: A secret; it is in no result and no error.
        night: What it came to.

    Returns:
        What went wrong, in plain words; empty where nothing did.
    """
    return _post(url, payload_of(night))


def notify_of_end(url: str, target: str, exit_code: int, why: str) -> str:
    """Post that a night ended before it came to anything; see `notify`.

    Args:
        url: A secret.
        target: The tested system.
        exit_code: How it ended.
        why: In words.
    """
    text = f"astral nightly ended with exit code {exit_code}\n{target}: {why}"
    return _post(
        url, to_json({"text": _escaped(text), "astral": {"target": target, "exit_code": exit_code, "error": why}})
    )


def _escaped(text: str) -> str:
    # In Slack these three would be a mention, a link or an entity.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _post(url: str, payload: str) -> str:
    headers = {"content-type": "application/json"}
    try:
        answer = httpx2.post(url, content=payload, headers=headers, timeout=TIMEOUT_SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        return f"The webhook could not be told ({type(error).__name__}); nothing of the night is lost."
    if answer.is_success:
        return ""
    return f"The webhook answered {answer.status_code}; nothing of the night is lost."
