"""Options, declared once as the fields of a dataclass, from which checks and the command line are derived.

A field of type `Literal` has choices; `Annotated[int, Range(1, 16)]` has a range, and `Annotated[str, OneOf(names)]`
has choices that are looked up when they are needed.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nervcodec.errors import RequestError


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; without an upper limit if `high` is None."""

    low: float
    high: float | None = None
    low_open: bool = False
    """Whether the range excludes `low` itself."""
    high_open: bool = False

    def __contains__(self, number: float) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        return above and (self.high is None or (number < self.high if self.high_open else number <= self.high))

    def __str__(self) -> str:
        low = f"{'above' if self.low_open else 'at least'} {self.low:g}"
        high = "" if self.high is None else f" and {'below' if self.high_open else 'at most'} {self.high:g}"
        return low + high


@dataclass(frozen=True)
class OneOf:
    """Choices that are looked up only when they are needed."""

    names: Callable[[], tuple[str, ...]]


@dataclass(frozen=True)
class Declaration:
    """An option as a field of a dataclass declares it."""

    name: str
    default: Any
    kind: Any
    """Type of the option, without None."""
    choices: tuple[str, ...] = ()
    """Allowed values; empty for an option that is not limited to a list of values."""
    range: Range | None = None

    def check(self, value: Any) -> None:
        """Raises RequestError for a value that is not one of the choices, or is out of range."""
        if value is None and self.default is None:
            return
        words = self.name.replace("_", " ")
        if self.choices and value not in self.choices:
            raise RequestError(f"{words} is one of {', '.join(self.choices)}, not {value}")
        if self.range and value not in self.range:
            raise RequestError(f"{words} must be {self.range}, not {value}")


def declarations(owner: type) -> dict[str, Declaration]:
    """The options that the fields of a dataclass declare, by name."""
    return {field.name: _declaration(field.name, field.default, field.type) for field in fields(owner)}


def check_declared(options: Any) -> None:
    """Raises RequestError for an option whose value its field does not allow."""
    for name, declaration in declarations(type(options)).items():
        declaration.check(getattr(options, name))


def _declaration(name: str, default: Any, annotation: Any) -> Declaration:
    extras: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        extras = tuple(rest)
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        annotation = kinds[0] if len(kinds) == 1 else annotation
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    for extra in extras:
        choices = extra.names() if isinstance(extra, OneOf) else choices
    limits = [extra for extra in extras if isinstance(extra, Range)]
    return Declaration(name, default, annotation, choices, limits[0] if limits else None)
