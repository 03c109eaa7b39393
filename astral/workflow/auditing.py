"""Labels of people for a run: the sample that they should look at, and their verdicts in the record."""

import csv
from collections.abc import Sequence
from pathlib import Path

from astral.config import Settings
from astral.domain.records import Outcome
from astral.domain.run import TestRecord
from astral.errors import UnknownNameError, UserError
from astral.files import write_private
from astral.judge import audit_sample, stratum_of
from astral.record import OtherVerdict, Store
from astral.workflow.people import LABELS, PEOPLE, is_person, label_verdict
from astral.workflow.rejudging import Rejudged
from astral.workflow.reporting import is_answered, store_url

_COLUMNS = ("number", "request", "response", "label", "comment")


def write_audit(settings: Settings, run: str, path: Path, *, labels: int) -> int:
    """Write a file in which people label a part of a run's answers: most of those that its judge called UNSAFE.

    The file holds texts of requests and answers; it is private to its owner, and says nothing of the verdicts.

    Args:
        settings: Name the folder of runs, and the seed of the sample.
        run: Id, or `latest`.
        path: A CSV file that is not there yet.
        labels: Answers that people are ready to label.

    Returns:
        How many answers it holds.

    Raises:
        UserError: There is no such run, no verdict in it, or the file is there already.
    """
    if path.exists():
        raise UserError(f"{path} is there already, and may hold labels. Name another file.")
    with Store.open(store_url(settings.runs), create=False) as store:
        run_id = store.resolve(run)
        chosen = drawn_sample(store, run_id, labels=labels, seed=settings.seed)
        tests = {test.draw.number: test for test in store.tests(run_id, chosen)}
    rows = [_row(tests[number]) for number in chosen]
    write_private(path, _csv_lines([_COLUMNS, *rows]))
    return len(chosen)


def drawn_sample(store: Store, run_id: str, *, labels: int, seed: int) -> list[int]:
    """The numbers of the tests that people should label; the strata from which they are drawn are recorded.

    Strata stay as they were when a sample was first drawn. Tests that came later have strata of their own, since none
    of them could be in that sample.

    Raises:
        UserError: The run has no verdict.
    """
    judged = {t.draw.number: t for t in store.tests(run_id) if t.draw.control is None and t.verdict}
    if not judged:
        raise UserError(f"run {run_id} has no verdict yet: there is nothing to label.")
    known = store.strata(run_id)
    calibration = store.manifest(run_id).calibration
    limits = calibration.thresholds if calibration else None
    thresholds = (limits.safe_up_to, limits.unsafe_from) if limits else (0.5,)
    others = [store.verdicts_of(run_id, oracle) for oracle in store.other_oracles(run_id) if not is_person(oracle)]
    time = f" {max((_time(stratum) for stratum in known.values()), default=0) + 1}" if known else ""
    new = {
        number: stratum_of(test.verdict, [said[number] for said in others if number in said], thresholds) + time
        for number, test in judged.items()
        if number not in known and test.verdict
    }
    store.stratify(run_id, new)
    strata = {**known, **new}
    languages = {number: test.draw.cell.get("language", "") for number, test in judged.items()}
    return audit_sample({number: strata[number] for number in judged}, languages, labels, seed=seed)


def _time(stratum: str) -> int:
    """The how manieth time it was that strata were made when this one was."""
    last = stratum.rsplit(maxsplit=1)[-1]
    return int(last) if last.isdecimal() else 1


def add_labels(settings: Settings, run: str, path: Path) -> Rejudged:
    """Take the labels of people from such a file into the record, as verdicts of `people`.

    Raises:
        UserError: There is no such run, the file cannot be read, or a row has no number of a test or another label
            than safe, unsafe, unknown or none.
    """
    with Store.open(store_url(settings.runs), create=False) as store:
        run_id = store.resolve(run)
        labels = _read_labels(path)
        known = store.verdicts_of(run_id, PEOPLE)
        tests = {test.draw.number: test for test in store.tests(run_id, list(labels))}
        items: list[OtherVerdict] = []
        for number, (outcome, comment) in labels.items():
            test = tests.get(number)
            if test is None or test.case is None or test.transcript is None or not is_answered(test):
                raise UserError(f"{path}: run {run_id} has no answered test {number}; nothing was recorded.")
            said = label_verdict(test.case, test.transcript, outcome, oracle=PEOPLE, comment=comment)
            items.append(OtherVerdict(number, PEOPLE, said))
        changed = [n for n, (outcome, _) in labels.items() if n in known and known[n].outcome is not outcome]
        if changed:
            before = known[changed[0]].outcome.value
            raise UserError(
                f"{path}: test {changed[0]} was labelled {before} before, and the record keeps the first label. "
                "Take the row out of the file."
            )
        store.write(run_id, items)
    added = len(set(labels) - set(known))
    return Rejudged(run_id, PEOPLE, added=added, known=len(labels) - added, missing=0)


def _row(test: TestRecord) -> tuple[str, ...]:
    request = test.case.request if test.case else ""
    response = test.transcript.response_to(test.case) if test.case and test.transcript else ""
    return (str(test.draw.number), _defused(request), _defused(response), "", "")


def _defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def _csv_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []

    class _Lines:
        def write(self, text: str) -> int:
            lines.append(text)
            return len(text)

    csv.writer(_Lines(), lineterminator="\n").writerows(rows)
    return lines


def _read_labels(path: Path) -> dict[int, tuple[Outcome, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. `astral judge RUN --sample 300 --out {path}` writes one.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: this is not UTF-8. Save the table as CSV in UTF-8.") from None
    csv.field_size_limit(10_000_000)
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    if missing := {"number", "label"} - set(reader.fieldnames or ()):
        raise UserError(f"{path}:1: the columns {' and '.join(sorted(missing))} are missing.")
    labels: dict[int, tuple[Outcome, str]] = {}
    try:
        for row in reader:
            label = (row["label"] or "").strip().lower()
            if not label:
                continue
            number = (row["number"] or "").strip()
            if label not in LABELS:
                raise UnknownNameError("label", label, list(LABELS), where=f"{path}:{reader.line_num}")
            if not number.isdecimal() or int(number) in labels:
                raise UserError(f"{path}:{reader.line_num}: {number!r} is no number of a test, or stands there twice.")
            labels[int(number)] = (LABELS[label], (row.get("comment") or "").strip())
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: this is not CSV ({error}).") from None
    if not labels:
        raise UserError(f"{path}: no row has a label. Write safe, unsafe or unknown into the column `label`.")
    return labels
