"""What other tools are told of a run: its spans while it goes on (OpenTelemetry), its numbers afterwards (MLflow, W&B).

All of it is off until it is asked for, and each part imports its library when it is opened: without the extras [otel],
[mlflow] and [wandb] astral works as it does with them.
"""

from astral.tracking.mlflow_tracker import MlflowTracker
from astral.tracking.opening import opened_spans
from astral.tracking.spans import Asked, Spans, TracedModel
from astral.tracking.wandb_tracker import WandbTracker

__all__ = ["Asked", "MlflowTracker", "Spans", "TracedModel", "WandbTracker", "opened_spans"]
