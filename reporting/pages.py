"""What the pages for people have in common: the templates, drawings in both languages, and how figures are written.

A page holds both languages and shows one. A figure is therefore text by language (`InLanguages`); a template prints it
like any other value, and a sentence takes the one of its own language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from configs import formats
from configs.catalogue import LANGUAGES
from evaluation.texts import TEXTS, text
from reporting import plots

TEMPLATES = Path(__file__).parent / "templates"


class InLanguages(dict[str, str]):
    """A text by language; in a template it is shown in the language of the page."""

    def __html__(self) -> str:
        from markupsafe import escape

        first, *others = self.values()
        if all(other == first for other in others):
            return str(escape(first))
        return "".join(f'<span class="{lang}" lang="{lang}">{escape(shown)}</span>' for lang, shown in self.items())


def page(template: str, language: str, **context: Any) -> str:
    """Render one of the templates with the texts, the style sheet and the number formats."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "whole": whole, "three": three, "signed": signed}
    environment.globals |= {
        "words": sentence,
        "known": lambda key: key in TEXTS,
        "css": Markup((TEMPLATES / "base.css").read_text(encoding="utf-8")),
    }
    return environment.get_template(template).render(language=language, **context)


def sentence(language: str, key: str, values: Mapping[str, Any]) -> str:
    """The words of a key in a language; a value that differs by language is taken in the same one."""
    return text(key, language, **{name: in_language(value, language) for name, value in values.items()})


def in_language(value: Any, language: str) -> Any:
    """A figure in one language; whatever is the same in all of them as it is."""
    return value[language] if isinstance(value, Mapping) else value


def in_both(drawings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Drawings by language and name, with the words of that language."""
    from markupsafe import Markup

    def words(language: str) -> Callable[[str], str]:
        return lambda key: text(key, language)

    return {
        language: {
            name: Markup(plots.translated(svg, words(language), f"{name}-{language}")) for name, svg in drawings.items()
        }
        for language in LANGUAGES
    }


def figure(form: Callable[[str], str]) -> InLanguages:
    """What a form writes in every language."""
    return InLanguages({lang: form(lang) for lang in LANGUAGES})


def percent(value: float | None) -> InLanguages:
    """A share: 0.4321 → ``43%``; small ones keep one decimal."""
    digits = 1 if value is not None and 0 < abs(value) < 0.1 else 0
    return figure(lambda lang: formats.percent(value, lang, digits))


def signed(value: float | None) -> InLanguages:
    """0.051 → ``+5.1%``."""
    return figure(lambda lang: formats.percent(value, lang, 1, signed=True))


def whole(value: float | None) -> InLanguages:
    """1234567.8 → ``1,234,568``."""
    return figure(lambda lang: formats.number(value, lang))


def three(value: float | None) -> InLanguages:
    """Three decimals below 10, one below 100, none above."""
    size = 0.0 if value is None or math.isnan(value) else abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 3
    return figure(lambda lang: formats.number(value, lang, digits))


def money(value: float | None, currency: str | None) -> InLanguages:
    """Whole money with its currency, if it is known."""
    return figure(lambda lang: formats.money(value, lang, currency))
