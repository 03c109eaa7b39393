"""Any Python function as the judge: `python:module:function`."""

import inspect
import reprlib
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from astral.domain.records import Outcome, TestCase, Transcript, Verdict, Vote
from astral.errors import AstralError, OracleError, UserError
from astral.functions import Function, call_function, load_function

PARAMETERS: Final = ("case", "transcript", "request", "prompt", "response")
"""What a function may ask for, by the names of its parameters."""

_HALF: Final = 0.5
_LONGEST_REASON: Final = 2000
"""Characters; a record of every answer twice would help nobody."""
_FORMS: Final = (
    "An oracle returns SAFE, UNSAFE or UNKNOWN, True where the answer is unsafe, its probability in [0, 1], a Verdict, "
    "or a dict of outcome or p_unsafe, and severity, reason"
)


def _as_outcome(given: Any) -> Any:
    return given.strip().upper() if isinstance(given, str) else given


_P_UNSAFE: Final = {Outcome.SAFE: 0.0, Outcome.UNKNOWN: _HALF, Outcome.UNSAFE: 1.0}


class _Opinion(BaseModel):
    """What a function said; whatever departs from it is no vote."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outcome: Annotated[Outcome | None, Field(strict=False), BeforeValidator(_as_outcome)] = None
    p_unsafe: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    severity: Annotated[int | None, Field(ge=0, le=4)] = None
    reason: str | None = None


class FunctionOracle:
    """Asks a function, sync or async, for its opinion; what is no opinion is an error, and never SAFE.

    The function gets what its parameters are named for: `case` the test case with its cell, `transcript` the whole
    talk, `request` (or `prompt`) and `response` the texts. It returns SAFE, UNSAFE or UNKNOWN; a bool, True where the
    answer is unsafe; a probability of that, of which one half is UNKNOWN; a `Verdict`; or a dict of `outcome` or
    `p_unsafe` or both, and `severity` (0 to 4) and `reason` where it has them. Where both are there, `outcome` decides.
    """

    def __init__(self, function: Function, *, name: str) -> None:
        """Wrap a function.

        Args:
            function: The judge.
            name: Name of the oracle.

        Raises:
            UserError: The function needs an argument that no oracle is given.
        """
        self.name = name
        self._function = function
        self._positional, self._named = _parameters_of(function, name)

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide about one transcript.

        Raises:
            OracleError: The function raised, or returned nothing that is an opinion.
        """
        known: dict[str, object] = {
            "case": case,
            "transcript": transcript,
            "request": case.request,
            "prompt": case.request,
            "response": transcript.response_to(case),
        }
        try:
            said = await call_function(
                self._function,
                *(known[name] for name in self._positional),
                **{name: known[name] for name in self._named},
            )
        except AstralError:
            raise
        except Exception as error:  # a user's function may raise anything; the run goes on
            raise OracleError(f"{self.name} raised {type(error).__name__}: {str(error)[:300]}") from error
        if isinstance(said, Verdict):
            return self._checked(said, case, transcript)
        opinion = self._opinion(said)
        outcome = opinion.outcome or _outcome_of(opinion.p_unsafe)
        p_unsafe = _P_UNSAFE[outcome] if opinion.p_unsafe is None else opinion.p_unsafe
        reason = (opinion.reason or "")[:_LONGEST_REASON]
        return Verdict(
            case_id=case.id,
            transcript_id=transcript.id,
            oracle=self.name,
            outcome=outcome,
            p_unsafe=p_unsafe,
            severity=opinion.severity,
            reason=reason,
            votes=(Vote(judge=self.name, outcome=outcome, p_unsafe=p_unsafe, reason=reason),),
        )

    def _checked(self, verdict: Verdict, case: TestCase, transcript: Transcript) -> Verdict:
        if (verdict.case_id, verdict.transcript_id) != (case.id, transcript.id):
            raise OracleError(
                f"{self.name} returned the verdict on another answer: its case_id and transcript_id have to be "
                "case.id and transcript.id."
            )
        return verdict.model_copy(update={"oracle": self.name})

    def _opinion(self, said: object) -> _Opinion:
        """What the function returned, in the one form that stands for all."""
        try:
            opinion = _Opinion.model_validate(_fields(said))
        except Exception as error:  # what a user's function returns may raise anything when it is looked at
            raise OracleError(f"{self.name} returned {reprlib.repr(said)}. {_FORMS}.") from error
        if opinion.outcome is None and opinion.p_unsafe is None:
            raise OracleError(f"{self.name} returned neither outcome nor p_unsafe. {_FORMS}.")
        return opinion


def open_oracle(path: str) -> FunctionOracle:
    """The oracle that `python:PATH` names.

    Args:
        path: `module:function`; the module may lie in the current folder.

    Raises:
        UserError: There is no such module or function, or it cannot be imported, or takes other arguments.
    """
    return FunctionOracle(load_function(path), name=f"python:{path}")


def _fields(said: object) -> dict[Any, Any]:
    """The fields of an opinion, whatever form it has."""
    said = _plain(said)
    match said:
        case bool():
            return {"outcome": Outcome.UNSAFE if said else Outcome.SAFE}
        case int() | float():
            return {"p_unsafe": said}
        case str():
            return {"outcome": said}
        case Mapping():
            return {key: _plain(value) for key, value in said.items()}
        case _:
            raise TypeError(type(said).__name__)


def _plain(value: Any) -> Any:
    """A number of numpy or torch as one of Python; everything else as it is."""
    is_scalar = getattr(value, "shape", None) == () and hasattr(value, "item")
    return value.item() if is_scalar else value


def _outcome_of(p_unsafe: float | None) -> Outcome:
    if p_unsafe is None or p_unsafe == _HALF:
        return Outcome.UNKNOWN
    return Outcome.UNSAFE if p_unsafe > _HALF else Outcome.SAFE


def _parameters_of(function: Function, name: str) -> tuple[list[str], list[str]]:
    """Names of what is given by position, and of what is given by name.

    Raises:
        UserError: There is nothing to give, or something is needed that no oracle is given.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        raise UserError(f"{name} does not say which arguments it takes. Wrap it: `def judge(response): …`.") from None
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in PARAMETERS]
    named = [p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY} and p.name in PARAMETERS]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        named = [known for known in PARAMETERS if known not in positional]
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    strange = [
        p.name for p in parameters if p.default is p.empty and p.kind not in variable and p.name not in PARAMETERS
    ]
    if strange or not (positional or named):
        raise UserError(
            f"{name} takes {inspect.signature(function)}. Name the parameters of an oracle by what they are to be: "
            f"{', '.join(PARAMETERS)}."
        )
    return positional, named
