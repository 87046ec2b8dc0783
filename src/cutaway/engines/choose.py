"""Which engine "auto" takes; the figures behind the rule are in docs/decisions/0007-engine-auto.md."""

from __future__ import annotations

from typing import NamedTuple

from cutaway.errors import OptionError
from cutaway.options import DeviceName, EngineName, Precision


class Choice(NamedTuple):
    """An engine's name, and why it was taken."""

    name: str
    why: str


def choose(
    engine: EngineName = "auto", *, device: DeviceName = "auto", precision: Precision = "f32"
) -> Choice:
    """Settle what runs the network: ONNX Runtime, unless something is asked for that only OpenVINO has.

    Args:
        engine: as it was asked for.
        device: where.
        precision: what it calculates in.

    Raises:
        OptionError: the precision is none that the engine has.
    """
    if precision != "f32" and (engine == "onnxruntime" or device not in ("auto", "cpu")):
        raise OptionError(
            f"precision {precision!r} is that of engine 'openvino', on the CPU: leave it out, or engine and device"
        )
    if engine != "auto":
        return Choice(engine, "it was asked for")
    if precision != "f32":
        return Choice("openvino", f"it has precision {precision}")
    return Choice("onnxruntime", "it starts first, and in f32 no other was quicker")
