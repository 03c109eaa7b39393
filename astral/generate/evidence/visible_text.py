"""HTML → what a person sees of it: title, date and main text, without anything that is hidden.

Hidden text is how a page speaks to models behind the back of its readers. What is recognised here is hidden by
attributes, inline styles and simple rules of the page's own style sheets; external sheets and scripts are not fetched,
so that a page can still hide text from people with those: whatever is found is data, and fenced wherever it is shown to
a model.
"""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from astral.domain.base import Noun
from astral.domain.untrusted import without_invisible
from astral.errors import EvidenceError

_UNSEEN_TAGS = (
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "applet", "canvas", "audio",
    "video", "map", "head", "input", "select", "textarea", "button", "datalist", "dialog", "meter", "progress",
)  # fmt: skip
_MAX_ELEMENTS = 20_000
"""An article has a tenth of it; what has more is meant to cost time."""
_MAX_STYLE_CHARACTERS = 4000
"""An element with a longer style counts as hidden: nobody wrote that by hand."""
_NEAR = 24
"""Levels of 255 within which, in every channel, a person does not tell a text from what is behind it."""

_ZERO = r"0*(?:\.0*)?(?:px|em|rem|pt|%|vh|vw|cm|mm|in|ex|ch)?(?![\d.])"
_TINY = r"(?:[01](?:\.\d+)?px|0?\.[0-3]\d*(?:em|rem)|[01](?:\.\d+)?pt|(?:[0-9]|1\d)(?:\.\d+)?%)"
_HIDING = re.compile(
    rf"""(?:^|;)\s*(?:
      display\s*:\s*none | visibility\s*:\s*(?:hidden|collapse) | content-visibility\s*:\s*hidden
    | opacity\s*:\s*(?:0?\.0\d*|0+(?:\.0*)?%?)(?![\d.])
    | font-size\s*:\s*(?:{_ZERO}|{_TINY}) | line-height\s*:\s*0(?![\d.])
    | (?:max-)?(?:width|height)\s*:\s*(?:{_ZERO}|[01]px)
    | (?:text-indent|margin-left|left|right|top|bottom)\s*:\s*-\d{{3,}}
    | clip\s*:\s*rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)
    | clip-path\s*:\s*(?:inset\(\s*(?:100|50)% | circle\(\s*0 | polygon\(\s*0[^,]*(?:,\s*0[^,]*)*\))
    | transform\s*:[^;]*(?:scale[xy]?\(\s*0(?:\.0+)?\s*[,)] | translate[xy]?\(\s*-\d{{3,}})
    | color\s*:\s*transparent | -webkit-text-fill-color\s*:\s*transparent
    | filter\s*:[^;]*opacity\(\s*0
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
          "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240),
          "mintcream": (245, 255, 250), "azure": (240, 255, 255), "seashell": (255, 245, 238)}  # fmt: skip
_SIMPLE = re.compile(r"([a-z][a-z0-9]*)?([.#][\w-]+)?", re.IGNORECASE)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
        "section", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip


class VisibleText(Noun):
    """What a person sees of a page."""

    title: str
    text: str
    """Paragraphs, with an empty line between them."""
    date: str
    """ISO 8601; empty where the page does not state one."""


_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def visible_text(html: str) -> VisibleText:
    """What a person sees of a page, found by trafilatura after everything hidden was cut out.

    Raises:
        EvidenceError: The text is no HTML, or nothing of it is to be seen.
    """
    from lxml.etree import LxmlError
    from lxml.html import HTMLParser, document_fromstring

    # NUL would end the text for the parser, and the rest would be another page than the one that was looked at; the
    # other signs may stand in no tree that is changed.
    clean = _NO_TEXT.sub("", html).encode(errors="replace")
    try:
        # Not `huge_tree`: the parser's own limits on depth are wanted.
        parser = HTMLParser(remove_comments=True, remove_pis=True, no_network=True, encoding="utf-8")
        tree = document_fromstring(clean, parser=parser)
    except (LxmlError, ValueError, AssertionError):
        raise EvidenceError("the page is no HTML") from None
    if sum(1 for _ in islice(tree.iter(), _MAX_ELEMENTS + 1)) > _MAX_ELEMENTS:
        raise EvidenceError(f"the page has more than {_MAX_ELEMENTS:,} elements")
    title, date = _line(tree.findtext(".//title")), _stated_date(tree)
    try:
        _remove_hidden(tree)
    except ValueError:  # such signs come as entities, too
        raise EvidenceError("the page has signs that no page may have") from None
    title = title or _line(" ".join(tree.xpath("string(.//h1)").split()))
    text = _main_text(tree)
    if not text:
        raise EvidenceError("the page has no text that is to be seen")
    return VisibleText(title=title[:300], text=text, date=date)


def _main_text(tree: Any) -> str:
    """The text of the article, or of the whole body where no article can be told."""
    try:
        from trafilatura import bare_extraction
    except ImportError:
        # Without the extra [web] no page is fetched, but a user's own files may be HTML as well.
        text = _all_text(tree)
    else:
        found = bare_extraction(tree, include_comments=False, include_tables=False, favor_precision=True)
        text = getattr(found, "text", None) or _all_text(tree)
    lines = (" ".join(line.split()) for line in without_invisible(text).splitlines())
    return "\n\n".join(filter(None, lines))


def _all_text(tree: Any) -> str:
    """Everything that is left, a line a block."""
    parts: list[str] = []
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        parts.append("\n" if element.tag in _BLOCKS else "")
        parts.append(element.text or "")
        parts.append(element.tail or "")
    return "".join(parts)


def _remove_hidden(tree: Any) -> None:
    rules = _hiding_rules(tree)
    doomed = [element for element in tree.iter() if _is_hidden(element, rules)]
    for element in doomed:
        # What follows an element belongs to its parent and stays; the root and the body hold everything.
        if element.getparent() is not None and element.tag != "body":
            element.drop_tree()


def _is_hidden(element: Any, rules: Mapping[str, str]) -> bool:
    if not isinstance(element.tag, str) or element.tag in _UNSEEN_TAGS:
        return True
    if "hidden" in element.attrib or "inert" in element.attrib:
        return True
    if element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = _style_of(element, rules)
    if len(style) > _MAX_STYLE_CHARACTERS or _HIDING.search(style) or _attributes_hide(element):
        return True
    colour = _declared(_COLOUR, style) or _rgb(element.get("color", "") if element.tag == "font" else "")
    return colour is not None and _cannot_be_told(colour, _background_behind(element, rules))


def _attributes_hide(element: Any) -> bool:
    return any(element.get(name, "").strip() in {"0", "0px", "1"} for name in ("width", "height")) or (
        element.tag == "font" and element.get("size", "").strip() == "0"
    )


def _style_of(element: Any, rules: Mapping[str, str]) -> str:
    """The declarations of the style sheets' rules for this element, and its own."""
    names = [element.tag, *(f"#{name}" for name in [element.get("id")] if name)]
    classes = [f".{name}" for name in (element.get("class") or "").split()]
    keys = [*names, *classes, *(f"{element.tag}{each}" for each in [*names[1:], *classes])]
    return ";".join([*(rules[key] for key in keys if key in rules), _STYLE_COMMENT.sub("", element.get("style") or "")])


def _hiding_rules(tree: Any) -> dict[str, str]:
    """Selector → declarations, of the simple selectors in the page's own style sheets: tag, .class, #id, tag.class."""
    rules: dict[str, str] = {}
    for sheet in tree.iter("style"):
        for block in _STYLE_COMMENT.sub("", sheet.text or "").split("}"):
            selectors, _, declarations = block.rpartition("{")
            for selector in selectors.rpartition("{")[2].split(","):
                # The last part of `.a .b` decides about `.b`: rather too much is left out than too little.
                last = (selector.replace(">", " ").split() or [""])[-1]
                if _SIMPLE.fullmatch(last):
                    rules[last] = f"{rules.get(last, '')};{declarations}"[: 2 * _MAX_STYLE_CHARACTERS]
    return rules


def _background_behind(element: Any, rules: Mapping[str, str]) -> tuple[int, int, int]:
    """The nearest background colour that is stated, else white paper."""
    while element is not None and isinstance(element.tag, str):
        found = _declared(_BACKGROUND, _style_of(element, rules)) or _rgb(element.get("bgcolor", ""))
        if found is not None:
            return found
        element = element.getparent()
    return (255, 255, 255)


def _declared(what: re.Pattern[str], style: str) -> tuple[int, int, int] | None:
    found = what.findall(style)
    return _rgb(found[-1]) if found else None


def _rgb(text: str) -> tuple[int, int, int] | None:
    text = text.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    if match := re.match(r"#([0-9a-f]{6}|[0-9a-f]{3})", text):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])  # noqa: PLR2004 - RRGGBB
        return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
    if match := re.match(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", text):
        return (int(match[1]), int(match[2]), int(match[3]))
    if match := re.match(r"hsla?\([^,]*,[^,]*,\s*(\d{1,3})%", text):
        grey = round(2.55 * int(match[1]))
        return (grey, grey, grey)
    return None


def _cannot_be_told(colour: tuple[int, int, int], background: tuple[int, int, int]) -> bool:
    """The two are so near that a person reads nothing."""
    return max(abs(one - other) for one, other in zip(colour, background, strict=True)) <= _NEAR


def _stated_date(tree: Any) -> str:
    from astral.generate.evidence.freshness import iso_date

    stated = tree.xpath(
        "//meta[@property='article:published_time' or @property='og:article:published_time' or @name='date'"
        " or @name='pubdate' or @name='publishdate' or @name='dc.date' or @itemprop='datePublished']/@content"
        " | //time[@datetime]/@datetime"
    )
    return next(filter(None, (iso_date(str(each)) for each in stated[:5])), "")


def _line(text: str | None) -> str:
    return " ".join(without_invisible(text or "").split())
