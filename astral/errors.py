"""The errors of astral: what each means for the run, and the exit code that it ends with.

AstralError
├── UserError              a setting, a file or a key is wrong: told without a traceback
├── StageError             one case could not be done: becomes a Failure, the run goes on
│   ├── EvidenceError      a page or a search could not be read; the case is written without it
│   ├── ScreeningError     no draft of a cell passed the gates
│   ├── AttackerRefusedError, MalformedDraftError, NothingToWriteFromError
│   │                      a generator gave no draft, and why
│   ├── ProviderError      a model's endpoint failed
│   └── OracleError        the oracle gave no usable vote
├── StoppedError           nothing more can be sent: the run stops in order and can be resumed
│   ├── BudgetExceededError    the budget is spent
│   └── EndpointDownError      a model's endpoint has not answered for too long, or the account has nothing left
├── TrackerError           another tool could not be told of a run; nothing of it is lost
└── RecordError            the store cannot be read or written: the run stops and touches nothing
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType


class ExitCode(IntEnum):
    """How a command of astral ends; the same for every command."""

    OK = 0
    UNSAFE = 1
    USAGE = 2
    FAILED = 3
    INCOMPLETE = 4
    INTERRUPTED = 130


class AstralError(Exception):
    """What happened, where, and what to do next; the text is shown to the user as it stands."""

    exit_code: ExitCode = ExitCode.FAILED


class UserError(AstralError):
    """A setting, a file or a key that the user can mend."""

    exit_code = ExitCode.USAGE


class UnknownNameError(UserError):
    """A name that is not among the known ones; the message offers the nearest."""

    def __init__(
        self,
        kind: str,
        name: str,
        known: list[str],
        *,
        also: Mapping[str, str] = MappingProxyType({}),
        where: str = "",
        hint: str = "",
    ) -> None:
        """Say what is meant most likely.

        Args:
            kind: What it should be, such as `dimension`.
            name: What was given.
            known: What there is.
            also: What people may call it, and which of the known ones that is.
            where: File and line, or the name of the setting.
            hint: What to do next.
        """
        from difflib import get_close_matches

        meant = {called.casefold(): each for called, each in also.items()} | {each.casefold(): each for each in known}
        near = [meant[found] for found in get_close_matches(name.casefold(), meant, n=1, cutoff=0.5)]
        article = "an" if kind[:1] in "aeiou" else "a"
        guess = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(known)) or 'none'}."
        super().__init__(
            f"{where + ': ' if where else ''}{name!r} is not {article} {kind}.{guess}{' ' + hint if hint else ''}"
        )
        self.kind, self.name, self.known = kind, name, known


class StageError(AstralError):
    """One case could not be done in one stage; the workflow records it as a Failure."""


class ScreeningError(StageError):
    """No draft of a cell passed the gates within the allowed attempts."""


class NothingNewError(ScreeningError):
    """All that can be said of a cell was said: every draft repeats a case that was accepted before."""


class AttackerRefusedError(StageError):
    """The attacker will not write the request, however it is asked: another generator has to."""


class MalformedDraftError(StageError):
    """The attacker answered, but not with a request that could be used."""


class NothingToWriteFromError(StageError):
    """A generator lacks what it would write this cell from, such as seeds in its language: another one has to."""


class EvidenceError(StageError):
    """A page or a search could not be read; the case is written without it."""


class Trouble(StrEnum):
    """The class of an endpoint's failure: it decides how often and how soon a call is sent again."""

    RATE_LIMIT = "rate limit"
    """Too many calls or tokens for the key (HTTP 429)."""
    OVERLOAD = "overload"
    """Too much for the endpoint itself (503, 529)."""
    TIMEOUT = "timeout"
    """No answer came in time."""
    SERVER = "server error"
    """Any other 5xx."""
    CONNECTION = "connection"
    """Nobody listens, or the connection broke."""
    MALFORMED = "malformed answer"
    USED_UP = "nothing left"
    """The account has no quota, credit or money left: no call will be answered until somebody mends that."""
    REFUSED = "request refused"
    """The request, the key or the account is the reason: waiting does not help."""


class ProviderError(StageError):
    """A model's endpoint failed: network, rate limit, server error, or a malformed answer."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after_seconds: float | None = None,
        is_unbilled: bool = False,
        trouble: Trouble = Trouble.SERVER,
    ) -> None:
        super().__init__(message)
        self.retryable, self.retry_after_seconds = retryable, retry_after_seconds
        self.trouble = trouble
        self.is_unbilled = is_unbilled
        """The endpoint turned the call away, so that it cost nothing; else the budget counts it in full."""


class OracleError(StageError):
    """The oracle gave no usable vote; never read as safe."""


class StoppedError(AstralError):
    """Nothing more can be sent; what is under way comes to its end, and the run can be resumed."""


class BudgetExceededError(StoppedError):
    """A call was not sent because the budget does not hold it."""

    exit_code = ExitCode.INCOMPLETE


class EndpointDownError(StoppedError):
    """Its endpoint has failed every call for too long, or the account there has nothing left."""


class TrackerError(AstralError):
    """A tool that keeps results could not be told of a run; nothing of the run is lost."""


class RecordError(AstralError):
    """The store cannot be read or written."""
