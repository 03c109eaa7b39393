"""What the cases of a run were grounded on, and how old it was when the run began."""

from datetime import UTC, datetime
from statistics import median

from astral.domain.base import Noun
from astral.domain.records import Evidence, TestCase

_SECONDS_A_DAY = 86_400
_CORPUS = "corpus:"


class EvidenceFacts(Noun):
    """Evidence beside the shipped seeds; a passage that several cases used counts once."""

    cases: int
    """Cases that have such evidence."""
    web: int = 0
    documents: int = 0
    """Passages of the user's own files."""
    requests: int = 0
    """Requests of the user's own corpora."""
    hosts: int = 0
    """Servers that the web's passages came from."""
    median_age_days: float | None = None
    """Of the web's dated passages, from their dates to the beginning of the run; None where none has a date."""
    oldest_age_days: float | None = None
    newest_age_days: float | None = None
    undated: int = 0
    """Passages of the web without a date that can be read."""


class EvidenceFold:
    """Gathers evidence while the record goes by."""

    def __init__(self) -> None:
        self._cases = 0
        self._passages: dict[tuple[str, str], Evidence] = {}

    def add(self, case: TestCase) -> None:
        """Take note of what a case was grounded on."""
        found = [each for each in case.lineage.evidence if each.kind != "corpus" or each.url.startswith(_CORPUS)]
        self._cases += bool(found)
        # Without their texts, which need not stay in memory.
        self._passages |= {(each.url, each.digest): each.model_copy(update={"text": ""}) for each in found}

    def facts(self, now: datetime) -> EvidenceFacts | None:
        """The numbers; None where no case was grounded on anything.

        Args:
            now: What ages are counted to.
        """
        if not self._cases:
            return None
        passages = list(self._passages.values())
        web = [each for each in passages if each.kind == "web"]
        ages = sorted(age for each in web if (age := _age_days(each.date, now)) is not None)
        return EvidenceFacts(
            cases=self._cases,
            web=len(web),
            documents=sum(each.kind == "document" for each in passages),
            requests=sum(each.kind == "corpus" for each in passages),
            hosts=len({each.url.split("/")[2] for each in web if each.url.count("/") > 1}),
            median_age_days=median(ages) if ages else None,
            oldest_age_days=ages[-1] if ages else None,
            newest_age_days=ages[0] if ages else None,
            undated=len(web) - len(ages),
        )


def _age_days(date: str, now: datetime) -> float | None:
    try:
        stated = datetime.fromisoformat(date)
    except ValueError:
        return None
    stated = stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated
    # A date ahead of the run is the source's clock or a promise; the passage is new in either case.
    return max(0.0, (now - stated).total_seconds() / _SECONDS_A_DAY)
