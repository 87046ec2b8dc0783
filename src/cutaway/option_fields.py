"""What is known about one option besides its value: what it is called for, and what may be said.

`Options` is a dataclass; each of its fields carries this in its metadata, and command-line flags, forms and the OpenAPI
document are made from it.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, NamedTuple

from cutaway.errors import OptionError


class Limits(NamedTuple):
    """What numbers an option takes.

    Attributes:
        least, most: both may be taken, unless `least` is only what it must be above.
        unit: of the numbers, for messages.
        least_means: what `least` says, for messages.
        above: whether `least` itself is refused.
    """

    least: float
    most: float
    unit: str = ""
    least_means: str = ""
    above: bool = False

    def check(self, name: str, value: float) -> None:
        """Refuse a number beyond them, or one that is none (NaN).

        Raises:
            OptionError: the message says what is allowed.
        """
        if self.least <= value <= self.most and not (self.above and value == self.least):
            return
        unit = f" {self.unit}" if self.unit else ""
        if self.above:
            wanted = f"above {self.least:g} and at most {self.most:g}{unit}"
        else:
            means = f" ({self.least_means})" if self.least_means else ""
            wanted = f"between {self.least:g}{means} and {self.most:g}{unit}"
        said = value if isinstance(value, int) else f"{value:g}"
        raise OptionError(f"{name} must be {wanted}, not {said}")


def option(
    default: Any,
    help: str,
    *,
    metavar: str | None = None,
    choices: tuple[str, ...] | None = None,
    limits: Limits | None = None,
    repeated: bool = False,
) -> Any:
    """A field with what a command line or a form needs to show it; a repeated flag's texts are joined by spaces."""
    told = {"help": help, "metavar": metavar, "choices": choices, "limits": limits, "repeated": repeated}
    return field(default=default, metadata=told)
