"""Test cases composed of shipped texts: a seed, a style around it, a persuasion technique around that."""

import hashlib
import random
from collections.abc import Mapping
from functools import lru_cache

from astral.assets import load_prompt, seed_folder, seeds_of
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel, EvidenceSource
from astral.domain.records import AppliedTransform, Ending, Evidence, Lineage, Message, TestCase
from astral.domain.space import Cell, Taxonomy
from astral.errors import NothingToWriteFromError, ProviderError
from astral.generate.manner import frame_of, in_manner, put
from astral.generate.screening import SLOT, Gates
from astral.generate.seeds import COMPOSED, seed_ids

_OWN_SHARE = 0.5
_NEAREST = 5
_SEEDS = 100
"""More than a risk has in one language: the index says which seeds are there, and each of them may be written from."""
_HEADLINE = "{headline}"


class Composer:
    """The generator that needs no model: everything it says was written by people."""

    name = COMPOSED

    def __init__(
        self,
        taxonomy: Taxonomy,
        *,
        evidence: EvidenceSource | None = None,
        corpora: EvidenceSource | None = None,
        web: EvidenceSource | None = None,
        rewriter: ChatModel | None = None,
        gates: Gates | None = None,
        names_seed: bool = False,
        default_language: str = "en",
        benign: bool = False,
    ) -> None:
        """Set the composer up.

        Args:
            taxonomy: The taxonomy of risks, by whose id seeds are found.
            evidence: An index of seeds: a case is then made of one that it finds for the risk's definition, else of any
                that was written for it.
            corpora: Finds requests of the user's own: a case may then be made of one of those as well.
            web: Finds passages on the risk: the case then starts from the headline of one.
            rewriter: Rewords seeds; a rewording that does not pass the gates is not used.
            names_seed: Keep the seed's text as evidence, so that others can start from it.
            gates: What a rewording has to pass; needed only with a rewriter.
            default_language: Language of cells that have no such dimension.
            benign: Write harmless look-alikes.
        """
        self._taxonomy = taxonomy
        self._benign = benign
        self._definitions = {value.id: value.definition for value in taxonomy.values}
        self._seeds: dict[tuple[str, str], Mapping[str, str]] = {}
        """By risk and language, once they were asked for."""
        self._evidence = evidence
        self._corpora = corpora
        self._web = web
        self._rewriter = rewriter
        self._names_seed = names_seed
        self._gates = gates or (Gates() if rewriter else None)
        self._default_language = default_language

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Compose a draft.

        Raises:
            NothingToWriteFromError: There are no seeds or no frames for a value of the cell; the message names the file
                to extend.
        """
        rng = random.Random(seed)
        language = cell.get("language", self._default_language)
        # Dice of their own, so that a benign twin, which has other seeds, gets the same frames.
        seed_id, request, evidence = await self._seed_text(cell, language, random.Random(f"seed text {seed}"))
        headline = await self._headline(cell, rng)
        lineage = Lineage(generator=self.name, seed=seed, seed_text=seed_id, evidence=(*evidence, *headline))
        if self._rewriter is None:
            # Most cases are made here, and a noun takes longer to copy than a text.
            request, transforms = put(request, cell, language, rng)
            lineage = lineage.model_copy(update={"transforms": transforms}) if transforms else lineage
        case = TestCase(messages=(Message(role="user", content=request),), cell=cell, lineage=lineage)
        if self._rewriter is not None:
            case = in_manner(await self._reworded(case, language, seed) or case, language, rng)
        for passage in headline:
            # Both slots at once: what a page, or a text of a corpus, says can then fill no slot of ours.
            frame = frame_of(language, "web", "headline", rng, around=case.request)
            text = case.request.join(part.replace(_HEADLINE, passage.title) for part in frame.split(SLOT))
            case = case.model_copy(update={"messages": (Message(role="user", content=text),)})
        return case

    async def _seed_text(self, cell: Cell, language: str, rng: random.Random) -> tuple[str, str, tuple[Evidence, ...]]:
        """Id and text of a seed, and the evidence that it was found by."""
        if self._taxonomy.dimension not in cell:
            raise NothingToWriteFromError(
                f"the composer needs a value of {self._taxonomy.dimension!r}, the cell {cell} has none."
            )
        risk = cell[self._taxonomy.dimension]
        shipped = self._shipped(risk, language)
        query = self._definitions.get(risk, risk)
        nearest: list[Evidence] = []
        if self._evidence is not None:
            found = await self._evidence.search(query, cell=cell, limit=_SEEDS)
            # In the order of their names, since ties may come in any order.
            nearest = sorted((each for each in found if each.title in shipped), key=lambda each: each.title)
        own = await self._own_requests(query, cell)
        # Half of the cases where the user's corpus has any, however many seeds ship: it was named to be used.
        chosen = rng.choice(own) if own and rng.random() < _OWN_SHARE else rng.choice([*(nearest or shipped)])
        if isinstance(chosen, Evidence):
            return chosen.title, shipped.get(chosen.title, chosen.text), (chosen,)
        text = shipped[chosen]
        return chosen, text, (_evidence_of(chosen, text),) if self._names_seed else ()

    async def _own_requests(self, query: str, cell: Cell) -> list[Evidence]:
        if self._corpora is None:
            return []
        found = await self._corpora.search(query, cell=cell, limit=_NEAREST)
        return sorted((each for each in found if each.kind == "corpus"), key=lambda each: each.title)

    def _shipped(self, risk: str, language: str) -> Mapping[str, str]:
        """Seeds by their ids."""
        if (risk, language) not in self._seeds:
            self._seeds[risk, language] = self._read(risk, language)
        return self._seeds[risk, language]

    def _read(self, risk: str, language: str) -> Mapping[str, str]:
        folder = seed_folder(self._taxonomy.id, benign=self._benign)
        file = f"taxonomies/seeds/{folder}/{language}.yaml"
        seeds = seeds_of(self._taxonomy, language, benign=self._benign)
        if not seeds:
            raise NothingToWriteFromError(
                f"{file} is missing: there are no seeds in language {language!r}. Write it, or name an attacker model."
            )
        if not seeds.get(risk):
            raise NothingToWriteFromError(
                f"{file} has no seeds for {risk!r}. Add some there, or name an attacker model."
            )
        return seed_ids(folder, language, risk, seeds[risk])

    async def _headline(self, cell: Cell, rng: random.Random) -> tuple[Evidence, ...]:
        """One passage with a title; none without the web, or where it has none."""
        if self._web is None:
            return ()
        query = self._definitions.get(cell[self._taxonomy.dimension], "")
        titled = [each for each in await self._web.search(query, cell=cell, limit=_NEAREST) if each.title]
        return (rng.choice(titled),) if titled else ()

    async def _reworded(self, plain: TestCase, language: str, seed: int) -> TestCase | None:
        """The case in other words; None without a rewriter, or where what it says does not pass the gates."""
        if self._rewriter is None or self._gates is None:
            return None
        prompt = load_prompt("generate/reword")
        content = prompt.render(request=plain.request, language=language)
        request = ChatRequest(messages=(Message(role="user", content=content),), max_tokens=200, seed=seed % 2**31)
        try:
            reply = await self._rewriter.chat(request)
        except ProviderError:
            # The seed itself is good as it is; a rewriter that is down must not stop a run.
            return None
        if reply.ending is not Ending.ANSWERED:
            return None
        lineage = plain.lineage.model_copy(
            update={
                "model": reply.model,
                "prompt": prompt.ref,
                "transforms": (AppliedTransform(name="reword", seed=seed),),
            }
        )
        words = Message(role="user", content=reply.text.strip())
        draft = TestCase(messages=(words,), cell=plain.cell, lineage=lineage)
        return None if self._gates.objection(draft) else draft


@lru_cache(maxsize=4096)
def _evidence_of(title: str, text: str) -> Evidence:
    """A shipped seed as evidence; the same ones come again and again."""
    return Evidence(text=text, kind="corpus", title=title, digest=hashlib.sha256(text.encode()).hexdigest())
