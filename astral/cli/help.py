"""Help texts without the noise of a type beside each flag that takes no value."""

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption


class PlainCommand(TyperCommand):
    """A command with such a help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _hide_types_of_flags(self, ctx)
        super().format_help(ctx, formatter)


class PlainGroup(TyperGroup):
    """A group of commands with such a help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _hide_types_of_flags(self, ctx)
        super().format_help(ctx, formatter)


def _hide_types_of_flags(command: TyperCommand | TyperGroup, ctx: Any) -> None:
    for option in command.get_params(ctx):
        if isinstance(option, TyperOption) and option.is_flag and option.metavar is None:
            option.metavar = ""
