"""ONNX operators that go along the positions step by step."""

from collections.abc import Callable

import numpy as np

from dfim.networks.onnx_axes import Value, laid_out
from dfim.networks.onnx_table import OPERATORS, need_array, one_example, text

# The places of ONNX's gates in the order of the kind's.
_GRU, _LSTM = (0, 1, 2), (0, 2, 3, 1)
_USUAL = {"GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}


def _make(operator: str, order: tuple[int, ...]) -> Callable:
    def recurrent(t, name, inputs, given):
        _check(operator, inputs, given)
        kind, x = _kind(operator, given), inputs[0]
        if x.axes[1] != 0:
            raise ValueError("its second axis is not the examples")
        source = laid_out(t, x, [(0, 0), (2, 0)], name)
        direction = text(given.get("direction"), "forward")
        backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
        ends = []
        for number, back in enumerate(backwards):
            arrays = _arrays(t, inputs, number, order)
            ends.append(_along(t, f"{name}_{direction[:1]}{number}", kind, source, arrays, back))
        return _outputs(t, name, ends, backwards)

    return recurrent


def _kind(operator: str, given: dict) -> str:
    if operator == "LSTM":
        return "lstm"
    return "gru" if given.get("linear_before_reset", 0) else "gru_reset_first"


def _check(operator: str, inputs: list, given: dict) -> None:
    """Raise ValueError on what the kinds have no words for."""
    if any(key in given for key in ("clip", "activation_alpha", "activation_beta")) or given.get("layout", 0):
        raise ValueError("it has limits, functions with options, or another layout")
    usual = _USUAL[operator] * (2 if text(given.get("direction"), "") == "bidirectional" else 1)
    if [text(each, "") for each in given.get("activations", usual)] != usual:
        raise ValueError("it has other functions than sigmoid and tanh")
    if any(value is not None for value in (inputs[4:5] + inputs[7:8])) or given.get("input_forget", 0):
        raise ValueError("it has lengths of the sequences, or gates that see the cell")


def _arrays(t, inputs: list, number: int, order: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the weights of one direction, the gates in the order of the kind."""
    kernel, recurrent = (need_array(inputs[at], "its weights")[number] for at in (1, 2))
    units = recurrent.shape[1]
    given = inputs[3] if len(inputs) > 3 and inputs[3] is not None else None
    bias = np.zeros(2 * len(kernel)) if given is None else need_array(given, "its bias")[number]

    def in_order(array: np.ndarray) -> np.ndarray:
        parts = array.reshape(len(order), units, -1)[list(order)]
        return np.ascontiguousarray(parts.reshape(len(array), -1).T, np.float32)

    first, second = (in_order(part)[0] for part in np.split(bias, 2))
    arrays = {"kernel": in_order(kernel), "recurrent": in_order(recurrent)}
    arrays |= {"bias": first, "recurrent_bias": second}
    for at, key in ((5, "initial"), (6, "initial_cell"))[: 1 if order == _GRU else 2]:
        start = (
            inputs[at] if len(inputs) > at and inputs[at] is not None else np.zeros((number + 1, 1, units))
        )
        start = one_example(t, (1, 0, 2), need_array(start, "its start"))
        arrays[key] = np.ascontiguousarray(start[number, 0], np.float32)
    return arrays


def _along(t, name: str, kind: str, source: str, arrays: dict, back: bool) -> str:
    """Return the node of what is there after every position; backwards it begins at the last."""
    if not back:
        return t.put(kind, name, [source], (), arrays).name
    turned = t.put("reverse", f"{name}_turned", [source], (), axis=1)
    done = t.put(kind, name, [turned.name], (), arrays)
    return t.put("reverse", f"{name}_back", [done.name], (), axis=1).name


def _outputs(t, name: str, ends: list[str], backwards: list[bool]) -> list[Value]:
    """Return (positions, directions, examples, units), and the last steps' (directions, examples, units)."""
    positions, units = t.shapes[ends[0]]
    last = []
    for end, back in zip(ends, backwards, strict=True):
        start = 0 if back else positions - 1
        options = {"axis": 1, "start": start, "stop": start + 1, "step": 1}
        last.append(t.put("slice", f"{end}_last", [end], (), **options).name)
    if len(ends) == 1:
        return [Value(ends[0], (1, None, 0, 2)), Value(last[0], (1, 0, 2))]
    every = t.put("concatenate", f"{name}_both", ends, (), axis=2).name
    every = t.put("reshape", f"{name}_directions", [every], (), shape=(positions, 2, units)).name
    both = t.put("concatenate", f"{name}_last", last, (), axis=1).name
    return [Value(every, (1, 2, 0, 3)), Value(both, (1, 0, 2))]


OPERATORS["GRU"] = _make("GRU", _GRU)
OPERATORS["LSTM"] = _make("LSTM", _LSTM)
