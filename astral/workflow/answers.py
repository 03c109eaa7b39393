"""Where answers of models are kept from run to run."""

from astral.config import EndpointSettings, Settings
from astral.domain.base import content_id
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel
from astral.providers import CachedModel

ANSWERS_FILE = "answers/answers.db"


def cached_model(model: ChatModel, spec: str, settings: Settings, role: ModelRole) -> ChatModel:
    """A model of a role whose answers are kept in the folder of runs, for all that ask the same of it."""
    endpoint = settings.endpoint(role)
    told = endpoint.model_dump(mode="json", include=set(EndpointSettings.model_fields) - {"cache"})
    template = endpoint.chat_template.read_bytes().hex() if endpoint.chat_template else ""
    return CachedModel(model, settings.runs / ANSWERS_FILE, identity=content_id(spec, told, template))
