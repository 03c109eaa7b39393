"""The batch interfaces of the stub server: OpenAI's files and batches, Anthropic's message batches.

Source:
    https://developers.openai.com/api/docs/guides/batch,
    https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

_DAY_SECONDS = 86_400
Answer = tuple[int, Any]
"""HTTP status, and JSON or bytes."""


class Fate(StrEnum):
    """What becomes of a row that is not answered."""

    FAILED = "failed"
    """The call was made, and gave HTTP 500."""
    BAD = "bad"
    """The call itself is wrong: HTTP 400."""
    EXPIRED = "expired"
    """The day was over before it was made."""


class StubBatches:
    """Keeps batches, and answers their rows when they are looked at often enough."""

    def __init__(self, answered: Callable[[str, dict[str, Any]], Any]) -> None:
        """Begin without batches.

        Args:
            answered: The answer to a chat request, by its address and body.
        """
        self.looks = 1
        """How often a batch is looked at until it is over; from 1."""
        self.fates: dict[int, Fate] = {}
        """By the position of a row, from 0, in every batch."""
        self.refusal = ""
        """Why batches are refused as a whole, as OpenAI does after it took them; empty where they are not."""
        self.submitted: list[list[str]] = []
        """The custom ids of each batch, in the order of arrival."""
        self._answered = answered
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}

    def post(self, path: str, body: Any) -> Answer | None:
        """Answer what is posted; None where it is no address of a batch interface."""
        if path == "/v1/files":
            return 200, self._take_file(body)
        if path == "/v1/batches":
            return 200, self._openai(self._make("openai", self._rows(body["input_file_id"]), body))
        if path == "/v1/messages/batches":
            rows = [(row["custom_id"], "/v1/messages", row["params"]) for row in body["requests"]]
            return 200, self._anthropic(self._make("anthropic", rows, {}), "")
        return None

    def get(self, address: str, base_url: str) -> Answer:
        """Answer what is asked for."""
        path = urlsplit(address).path
        if path in {"/v1/batches", "/v1/messages/batches"}:
            return 200, self._listed("openai" if path == "/v1/batches" else "anthropic", base_url)
        kind, _, rest = path.removeprefix("/v1/").removeprefix("messages/").partition("/")
        name, _, what = rest.partition("/")
        if kind == "files" and name in self._files:
            return 200, self._files[name]
        if kind == "batches" and name in self._batches:
            batch = self._batches[name]
            if what == "results":
                return 200, _lines(self._anthropic_row(each, place) for place, each in enumerate(batch["rows"]))
            batch["looks"] += 1
            return 200, self._openai(batch) if batch["vendor"] == "openai" else self._anthropic(batch, base_url)
        return 404, {"type": "error", "error": {"message": "no such batch", "type": "not_found_error"}}

    def _take_file(self, body: Any) -> dict[str, Any]:
        name = f"file-{len(self._files)}"
        self._files[name] = body["file"]
        return {
            "id": name,
            "object": "file",
            "bytes": len(body["file"]),
            "created_at": int(time.time()),
            "filename": "input.jsonl",
            "purpose": body["purpose"],
            "status": "processed",
        }

    def _rows(self, file: str) -> list[tuple[str, str, dict[str, Any]]]:
        rows = [json.loads(line) for line in self._files[file].splitlines()]
        return [(row["custom_id"], row["url"], row["body"]) for row in rows]

    def _make(self, vendor: str, rows: list[tuple[str, str, dict[str, Any]]], told: dict[str, Any]) -> dict[str, Any]:
        prefix = "batch_" if vendor == "openai" else "msgbatch_"
        name = f"{prefix}{len(self._batches)}"
        batch = {"id": name, "vendor": vendor, "rows": rows, "told": told, "looks": 0, "created": time.time()}
        self._batches[name] = batch
        self.submitted.append([key for key, _, _ in rows])
        return batch

    def _is_over(self, batch: dict[str, Any]) -> bool:
        return batch["looks"] >= self.looks

    def _count(self, batch: dict[str, Any], *fates: Fate) -> int:
        return sum(self.fates.get(place) in fates for place in range(len(batch["rows"])))

    def _listed(self, vendor: str, base_url: str) -> dict[str, Any]:
        newest_first = [batch for batch in reversed(self._batches.values()) if batch["vendor"] == vendor]
        told = [self._openai(each) if vendor == "openai" else self._anthropic(each, base_url) for each in newest_first]
        first, last = (told[0]["id"], told[-1]["id"]) if told else (None, None)
        return {"object": "list", "data": told, "has_more": False, "first_id": first, "last_id": last}

    def _openai(self, batch: dict[str, Any]) -> dict[str, Any]:
        total, is_over = len(batch["rows"]), self._is_over(batch)
        answered, broken = f"file-{batch['id']}-output", f"file-{batch['id']}-error"
        has_expired = self._count(batch, Fate.EXPIRED) > 0
        if is_over and not self.refusal:
            rows = [self._openai_row(each, place) for place, each in enumerate(batch["rows"])]
            self._files[answered] = _lines(row for row in rows if row["response"])
            self._files[broken] = _lines(row for row in rows if not row["response"])
        ended = "failed" if self.refusal else "expired" if has_expired else "completed"
        return {
            "id": batch["id"],
            "object": "batch",
            "endpoint": batch["told"]["endpoint"],
            "errors": {"object": "list", "data": [{"code": "refused", "message": self.refusal}]}
            if self.refusal
            else None,
            "input_file_id": batch["told"]["input_file_id"],
            "completion_window": "24h",
            "status": ended if is_over else "in_progress",
            "output_file_id": answered if is_over and not self.refusal else None,
            "error_file_id": broken if is_over and has_expired else None,
            "created_at": int(batch["created"]),
            "metadata": batch["told"].get("metadata"),
            "request_counts": {"total": total, "completed": total if is_over else 0, "failed": 0},
        }

    def _openai_row(self, row: tuple[str, str, dict[str, Any]], place: int) -> dict[str, Any]:
        key, url, body = row
        response: dict[str, Any] | None = {"status_code": 200, "request_id": "x", "body": None}
        error = None
        match self.fates.get(place):
            case None:
                response = {**response, "body": self._answered(url, body)}
            case Fate.EXPIRED:
                response = None
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
            case Fate.FAILED:
                response = {
                    **response,
                    "status_code": 500,
                    "body": {"error": {"message": "broke", "type": "server_error"}},
                }
            case Fate.BAD:
                response = {**response, "status_code": 400, "body": {"error": {"message": "bad", "type": "invalid"}}}
        return {"id": f"batch_req_{place}", "custom_id": key, "response": response, "error": error}

    def _anthropic(self, batch: dict[str, Any], base_url: str) -> dict[str, Any]:
        total, is_over = len(batch["rows"]), self._is_over(batch)
        errored, expired = self._count(batch, Fate.FAILED, Fate.BAD), self._count(batch, Fate.EXPIRED)
        ended = {"processing": 0, "succeeded": total - errored - expired, "errored": errored, "expired": expired}
        counts = ended if is_over else {"processing": total, "succeeded": 0, "errored": 0, "expired": 0}
        created = datetime.fromtimestamp(batch["created"], UTC)
        return {
            "id": batch["id"],
            "type": "message_batch",
            "processing_status": "ended" if is_over else "in_progress",
            "request_counts": {**counts, "canceled": 0},
            "created_at": created.isoformat(),
            "expires_at": (created + timedelta(seconds=_DAY_SECONDS)).isoformat(),
            "ended_at": created.isoformat() if is_over else None,
            "cancel_initiated_at": None,
            "archived_at": None,
            "results_url": f"{base_url}/v1/messages/batches/{batch['id']}/results" if is_over else None,
        }

    def _anthropic_row(self, row: tuple[str, str, dict[str, Any]], place: int) -> dict[str, Any]:
        key, url, body = row
        result: dict[str, Any]
        match self.fates.get(place):
            case None:
                result = {"type": "succeeded", "message": self._answered(url, body)}
            case Fate.EXPIRED:
                result = {"type": "expired"}
            case fate:
                kind = "api_error" if fate is Fate.FAILED else "invalid_request_error"
                error = {"type": "error", "error": {"type": kind, "message": fate.value}}
                result = {"type": "errored", "error": error}
        return {"custom_id": key, "result": result}


def multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a form; a file as bytes, all others as text."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name, payload = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        fields[str(name)] = payload if part.get_filename() else bytes(payload).decode()
    return fields


def _lines(rows: Any) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
