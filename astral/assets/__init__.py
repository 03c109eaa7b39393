"""The only reader of `prompts/`, `taxonomies/` and `prices/`, and the one home of YAML and Jinja2.

Files are read from the wheel where astral is installed, and from the top of the checkout where it is developed.
"""

from astral.assets.crosswalks import STANDARDS, Control, Crosswalk, crosswalk_names, load_crosswalk
from astral.assets.presets import load_preset, preset_names
from astral.assets.prices import load_prices
from astral.assets.prompts import Prompt, load_prompt, prompt_refs
from astral.assets.scenes import Environment, InjectionFile, Matter, Task, load_environment, load_injections
from astral.assets.taxonomies import (
    HUB,
    load_frames,
    load_scripts,
    load_seeds,
    load_taxonomy,
    load_transform_file,
    risks_of,
    seed_folder,
    seed_languages,
    seeds_of,
    task_verbs,
    taxonomy_digest,
    taxonomy_names,
    taxonomy_place,
    taxonomy_schema,
)
from astral.assets.templates import read_template, render_template, source_hash, template_pieces
from astral.assets.yaml_files import HIDDEN, Location, check_yaml, problems_of, read_yaml, to_yaml

__all__ = [
    "HIDDEN",
    "HUB",
    "STANDARDS",
    "Control",
    "Crosswalk",
    "Environment",
    "InjectionFile",
    "Location",
    "Matter",
    "Prompt",
    "Task",
    "check_yaml",
    "crosswalk_names",
    "load_crosswalk",
    "load_environment",
    "load_frames",
    "load_injections",
    "load_preset",
    "load_prices",
    "load_prompt",
    "load_scripts",
    "load_seeds",
    "load_taxonomy",
    "load_transform_file",
    "preset_names",
    "problems_of",
    "prompt_refs",
    "read_template",
    "read_yaml",
    "render_template",
    "risks_of",
    "seed_folder",
    "seed_languages",
    "seeds_of",
    "source_hash",
    "task_verbs",
    "taxonomy_digest",
    "taxonomy_names",
    "taxonomy_place",
    "taxonomy_schema",
    "template_pieces",
    "to_yaml",
]
