"""A new model: its family, the fields of its options, and what they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models import Family, Option, describe, names
from wasmstate.state.state import State
from wasmstate.state.tensor import shape_text
from wasmstate_gui.core.texts import counted, sentence
from wasmstate_gui.core.wizards.plan import Made, Say, Verdict, silently

SEED = "seed"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form.

    Attributes:
        name: of the option.
        text: that it holds at first.
        explanation: what the option does.
        kind: type and limits, in a few words.
    """

    name: str
    text: str
    explanation: str
    kind: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A family, and what was typed in its fields."""

    family: str
    texts: Mapping[str, str] = field(default_factory=dict)


def families() -> list[Family]:
    """What there is to choose from."""
    return [describe(name) for name in names()]


def fields(family: Family) -> list[Field]:
    """The fields of a family's form."""
    found = [
        Field(
            option.name,
            "" if option.default is None else f"{option.default:g}",
            f"{sentence(option.help)}.",
            _kind(option),
        )
        for option in family.options
    ]
    if family.takes_seed:
        text = "Of the random numbers; by chance if nothing is given."
        found.append(Field(SEED, "", text, "whole number, \u2265\u00a00"))
    return found


class NewModel:
    """Judges what was typed, and makes the model."""

    def judge(self, choice: Choice, *, say: Say = silently) -> Verdict:
        """Which fields are wrong; else what the file will hold."""
        _, errors = _values(choice)
        if errors:
            return Verdict(errors=errors)
        module = self.make(choice)
        state = State.of(module)
        tensors = [f"{each.name} {each.dtype}{shape_text(each.shape)}" for each in state.tensors]
        size = sum(region.size for region in state.regions)
        return Verdict(
            f"{counted(module.size, 'byte')}, of which S has {size:,}: {', '.join(tensors)}"
        )

    def made(self, choice: Choice, is_copy: bool, *, say: Say = silently) -> Made:
        """Its bytes. Raises as :meth:`make`."""
        return Made(self.make(choice).to_bytes())

    def make(self, choice: Choice) -> Module:
        """The model.

        Raises:
            SchemaError: if a field is wrong, or all of them do not go together.
        """
        values, errors = _values(choice)
        if errors:
            raise SchemaError("; ".join(errors.values()))
        seed = values.pop(SEED, None)
        return describe(choice.family).make(None if seed is None else int(seed), values)


def _values(choice: Choice) -> tuple[dict[str, float], dict[str, str]]:
    """Values by option, and what is wrong with the others."""
    family = describe(choice.family)
    options = list(family.options)
    if family.takes_seed:
        limits = (">= 0", f"<= {(1 << 64) - 1}")
        options.append(Option(SEED, "of the random numbers", integer=True, bounds=limits))
    values, errors = {}, {}
    for option in options:
        text = choice.texts.get(option.name, "").strip()
        if not text:
            if option.default is None and option.name != SEED:
                errors[option.name] = f"{option.name} is needed"
            continue
        try:
            values[option.name] = option.check(_number(text, option))
        except SchemaError as error:
            errors[option.name] = str(error)
    return values, errors


def _number(text: str, option: Option) -> object:
    try:
        return int(text) if option.integer else float(text)
    except ValueError:
        return text  # which the option refuses in its own words


def _kind(option: Option) -> str:
    parts = ["whole number" if option.integer else "number", *option.bounds]
    if option.default is not None:
        parts.append(f"{option.default:g} if nothing is given")
    return ", ".join(parts).replace(">= ", "\u2265\u00a0").replace("<= ", "\u2264\u00a0")
