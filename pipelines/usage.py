"""How the command line is used, in the language chosen: the help of every verb, and what is wrong with a call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer
from typer import rich_utils

from configs.catalogue import Lang, Phrase, filled, pairs, phrase, text
from configs.errors import SettingsError

_FIELD = re.compile(r"\\\{\w+\\\}")


def command_line(app: typer.Typer, language: Lang) -> Any:
    """The command of an application, with its help in a language; the English stands in the code."""
    command = typer.main.get_command(app)
    if language == "en":
        return command
    rich_utils.ARGUMENTS_PANEL_TITLE = text("help.frame.arguments", language)
    rich_utils.OPTIONS_PANEL_TITLE = text("help.frame.options", language)
    rich_utils.COMMANDS_PANEL_TITLE = text("help.frame.commands", language)
    rich_utils.DEFAULT_STRING = text("help.frame.default", language)
    rich_utils.REQUIRED_LONG_STRING = text("help.frame.required", language)
    words = {en: zh for part in ("verbs", "options", "panels") for en, zh in pairs("help", part).values()}
    _translate(command, words, language)
    return command


def _translate(command: Any, words: dict[str, str], language: Lang) -> None:
    """Put the words of a language in place of the English ones, here and in all commands below."""
    command.help = words.get(" ".join((command.help or "").split()), command.help)
    if isinstance(command.rich_help_panel, str):
        command.rich_help_panel = words.get(command.rich_help_panel, command.rich_help_panel)
    if command.epilog:
        command.epilog = command.epilog.replace(text("help.frame.example", "en"), text("help.frame.example", language))
    usage, own_help = command.get_usage, command.get_help_option

    def told_usage(context: Any) -> str:
        said: str = usage(context)
        return said.replace(text("help.frame.usage", "en"), text("help.frame.usage", language), 1)

    def told_help(context: Any) -> Any:
        option = own_help(context)
        if option is not None:
            option.help = words.get(option.help, option.help)
        return option

    command.get_usage, command.get_help_option = told_usage, told_help
    for parameter in command.params:
        own = getattr(parameter, "help", None)
        if own:
            parameter.help = words.get(own, own)
    for inner in getattr(command, "commands", {}).values():
        _translate(inner, words, language)


def usage_error(error: Exception) -> SettingsError | None:
    """What the command-line library says of a call, as one of our errors; None for an error of another kind.

    Parameters
    ----------
    error : Exception
        As the library raised it.
    """
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if "ClickException" not in kinds:
        return None
    context = getattr(error, "ctx", None)
    verb = "holdfast" if context is None else str(context.command_path)
    return _as_ours(error, kinds, f"{verb} --help")


def _as_ours(error: Any, kinds: Sequence[str], see: str) -> SettingsError:
    said = str(error.format_message())
    if "NoSuchOption" in kinds:
        near = ", ".join(sorted(error.possibilities or ()))
        if near:
            return SettingsError("usage_option_like", code="usage", value=error.option_name, names=near)
        return SettingsError("usage_option_unknown", code="usage", value=error.option_name, command=see)
    if "MissingParameter" in kinds:
        return SettingsError("usage_missing", code="usage", value=_hint(error), command=see)
    if "BadParameter" in kinds:
        reason = _reason(str(error.message))
        return SettingsError("usage_value_bad", code="usage", field=_hint(error), reason=reason, command=see)
    if found := re.search(r"No such command '(.+?)'", said):
        return SettingsError("usage_verb_unknown", code="usage", value=found[1], command=see)
    if found := re.search(r"unexpected extra argument[^(]*\((?:s\) \()?(.+?)\)", said):
        return SettingsError("usage_too_much", code="usage", value=found[1], command=see)
    if found := re.search(r"Option '(.+?)' requires", said):
        return SettingsError("usage_value_missing", code="usage", value=found[1], command=see)
    if "Missing command" in said:
        return SettingsError("usage_verb_missing", code="usage", command=see)
    return SettingsError("usage_wrong", code="usage", reason=said.rstrip("."), command=see)


def _hint(error: Any) -> str:
    """What the parameter is called on the command line."""
    if error.param is None:
        return str(error.param_hint or "")
    return str(error.param.opts[0])


def _reason(said: str) -> Phrase:
    """Why a value cannot be used, in both languages where it is known: the checks are those of the settings."""
    plain = said.removeprefix("Value error, ").rstrip(".")
    if found := re.fullmatch(r"(.+) is not one of (.+)", plain):
        return phrase("phrases.not_one_of", value=found[1], names=found[2])
    # the longest first: "less than or equal to" is also "less than"
    for en, zh in sorted(pairs("phrases", "breaches").values(), key=lambda pair: -len(pair[0])):
        form = _FIELD.sub(lambda name: f"(?P<{name[0][2:-2]}>.+)", re.escape(en))
        if found := re.fullmatch(form, plain, re.IGNORECASE):
            return Phrase(plain[:1].lower() + plain[1:], filled(zh, "zh", found.groupdict()))
    return Phrase(plain, plain)
