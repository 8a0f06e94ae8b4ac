"""Recurrent kinds: one step after the other along the positions, and back from the last to the first.

Arrays of both: ``kernel`` (channels in, gates · units), ``recurrent`` (units, gates · units), ``bias`` and
``recurrent_bias`` (gates · units), ``initial`` (units). The output has the units after every position. A
step is made of products, sums, sigmoids and tanh, and its rule is that of its parts.
"""

from dfim.networks.kinds.base import WHOLE, Kind, ShapeError, need_rank, ops
from dfim.networks.kinds.elementwise import ACTIVATIONS


class _Recurrent(Kind):
    """``gates``: how many times as many columns as units the weights have. ``carried``: the arrays of what a
    step gives to the next, before the first. ``functions``: for each part that one is of, its kind."""

    nonlinear = True
    gates = 1
    carried: tuple[str, ...] = ()
    functions: tuple[tuple[str, str], ...] = ()

    def shape(self, node, shapes):
        need_rank(shapes[0], 2)
        channels, columns = node.arrays["kernel"].shape
        if shapes[0][1] != channels:
            raise ShapeError(f"it has {shapes[0][1]} channels, and the weights are for {channels}")
        return shapes[0][0], columns // self.gates

    def field(self, node, fields):
        return WHOLE

    def size(self, node, sizes):
        return 1.0

    def cost(self, node):
        kernel, recurrent = node.arrays["kernel"], node.arrays["recurrent"]
        return float(
            node.options["output_shape"][0] * (kernel.shape[0] + recurrent.shape[0]) * kernel.shape[1]
        )

    def forward(self, node, values):
        return self._states(node, values[0])[0]

    def _states(self, node, x) -> list:
        """Return what is carried on after every position, each (sequences, positions, units)."""
        inputs = ops.matmul(x, node.arrays["kernel"]) + node.arrays["bias"]
        units = node.arrays["recurrent"].shape[0]
        start = [ops.zeros_like(inputs[:, 0, :units]) + node.arrays[name] for name in self.carried]
        return _steps(lambda carry, gates: self._step(node, carry, gates[0]), start, [inputs])

    def back(self, node, multiplier, values, references):
        now = self._parts(node, values[0])
        then = now if references is None else self._parts(node, references[0])
        halves = {name: (now[name] + then[name]) / 2 for name in now}
        slopes = {
            name: _slope(kind, now[name], None if references is None else then[name])
            for name, kind in self.functions
        }
        columns = self._columns(node, multiplier + ops.zeros_like(now["before"]), halves, slopes)
        return [ops.matmul(columns, ops.transpose(node.arrays["kernel"]))]


def _steps(step, start: list, inputs: list, reverse: bool = False) -> list:
    """Return what ``step`` (carry, inputs of a position) makes of every position, the axes as they were."""
    length, units = inputs[0].shape[1], start[0].shape[-1]

    _, found = ops.scan(step, start, [ops.swapaxes(each, 0, 1) for each in inputs], reverse=reverse)
    return [ops.reshape(ops.swapaxes(each, 0, 1), [-1, length, units]) for each in found]


def _before(states, initial):
    """Return what every position is given by the one before it."""
    first = ops.zeros_like(states[:, :1]) + initial
    return ops.concatenate([first, states[:, :-1]], axis=1)


def _with_weights(before, node):
    return ops.matmul(before, node.arrays["recurrent"]) + node.arrays["recurrent_bias"]


def _slope(kind: str, end, start):
    references = None if start is None else [start]
    return ACTIVATIONS[kind].back(None, ops.ones_like(end), [end], references)[0]


def _split(columns, number: int) -> list:
    return ops.split(columns, number, axis=-1)


class GatedRecurrentUnit(_Recurrent):
    """Gates update, reset, new; the reset gate multiplies what the units before and their bias give."""

    words = "GRU (reset after the product)"
    gates = 3
    carried = ("initial",)
    functions = (("update_in", "sigmoid"), ("reset_in", "sigmoid"), ("new_in", "tanh"))
    # What the reset gate multiplies.
    _reset = "product"

    def _step(self, node, carry, inputs):
        found = self._gates(node, carry[0], inputs)
        state = found["new"] + found["update"] * (carry[0] - found["new"])
        return [state], [state]

    @staticmethod
    def _gates(node, before, inputs) -> dict:
        of_before = _with_weights(before, node)
        (update, reset, new), (update_b, reset_b, product) = _split(inputs, 3), _split(of_before, 3)
        update, reset = update + update_b, reset + reset_b
        gate = ops.sigmoid(reset)
        new = new + gate * product
        found = {"update_in": update, "reset_in": reset, "new_in": new, "before": before, "product": product}
        return found | {"update": ops.sigmoid(update), "reset": gate, "new": ops.tanh(new)}

    def _parts(self, node, x) -> dict:
        (states,) = self._states(node, x)
        inputs = ops.matmul(x, node.arrays["kernel"]) + node.arrays["bias"]
        return self._gates(node, _before(states, node.arrays["initial"]), inputs)

    def _columns(self, node, multiplier, half, slope):
        by_update = (half["before"] - half["new"]) * slope["update_in"]
        by_new = (1 - half["update"]) * slope["new_in"]
        by_reset = half[self._reset] * slope["reset_in"]
        turned = ops.transpose(node.arrays["recurrent"])

        def step(carry, given):
            own, keep, gate, *slopes = given
            total = own + carry[0]
            columns = self._to_gates(turned, total, *slopes)
            return [total * keep + self._to_before(turned, columns, gate)], [total]

        slopes = [by_update, by_reset, by_new]
        parts = [multiplier, half["update"], half["reset"], *slopes]
        (total,) = _steps(step, [ops.zeros_like(multiplier[:, 0])], parts, reverse=True)
        return ops.concatenate(self._to_gates(turned, total, *slopes), axis=-1)

    @staticmethod
    def _to_gates(turned, total, update, reset, new) -> list:
        """Return the multipliers of the sums in the gates, in their order."""
        return [total * update, total * new * reset, total * new]

    @staticmethod
    def _to_before(turned, columns: list, gate):
        """Return the multipliers, by the gates, of the units before."""
        update, reset, new = columns
        return ops.matmul(ops.concatenate([update, reset, new * gate], axis=-1), turned)


class ResetFirst(GatedRecurrentUnit):
    """As the other GRU, but for the reset gate: it multiplies the units before, and their bias is added."""

    words = "GRU (reset before the product)"
    _reset = "before"

    @staticmethod
    def _gates(node, before, inputs) -> dict:
        units, recurrent = before.shape[-1], node.arrays["recurrent"]
        update, reset, new = _split(inputs + node.arrays["recurrent_bias"], 3)
        update_b, reset_b = _split(ops.matmul(before, recurrent[:, : 2 * units]), 2)
        update, reset = update + update_b, reset + reset_b
        gate = ops.sigmoid(reset)
        new = new + ops.matmul(gate * before, recurrent[:, 2 * units :])
        found = {"update_in": update, "reset_in": reset, "new_in": new, "before": before}
        return found | {"update": ops.sigmoid(update), "reset": gate, "new": ops.tanh(new)}

    @staticmethod
    def _to_gates(turned, total, update, reset, new) -> list:
        units = total.shape[-1]
        to_new = total * new
        return [total * update, ops.matmul(to_new, turned[2 * units :]) * reset, to_new]

    @staticmethod
    def _to_before(turned, columns: list, gate):
        update, reset, new = columns
        units = new.shape[-1]
        by_gates = ops.matmul(ops.concatenate([update, reset], axis=-1), turned[: 2 * units])
        return by_gates + ops.matmul(new, turned[2 * units :]) * gate


class LongShortTermMemory(_Recurrent):
    """Gates input, forget, new, output; ``initial_cell`` (units)."""

    words = "LSTM"
    gates = 4
    carried = ("initial", "initial_cell")
    functions = (
        *(("input_in", "sigmoid"), ("forget_in", "sigmoid"), ("output_in", "sigmoid")),
        *(("new_in", "tanh"), ("cell", "tanh")),
    )

    def _step(self, node, carry, inputs):
        found = self._gates(node, *carry, inputs)
        after = [found["output"] * found["shown"], found["cell"]]
        return after, after

    @staticmethod
    def _gates(node, before, cell_before, inputs) -> dict:
        columns = _split(inputs + _with_weights(before, node), 4)
        found = dict(zip(("input_in", "forget_in", "new_in", "output_in"), columns, strict=True))
        found |= {name: ops.sigmoid(found[f"{name}_in"]) for name in ("input", "forget", "output")}
        found["new"] = ops.tanh(found["new_in"])
        found["cell"] = found["forget"] * cell_before + found["input"] * found["new"]
        return found | {"before": before, "cell_before": cell_before, "shown": ops.tanh(found["cell"])}

    def _parts(self, node, x) -> dict:
        states, cells = self._states(node, x)
        inputs = ops.matmul(x, node.arrays["kernel"]) + node.arrays["bias"]
        before = _before(states, node.arrays["initial"]), _before(cells, node.arrays["initial_cell"])
        return self._gates(node, *before, inputs)

    def _columns(self, node, multiplier, half, slope):
        by_output = half["shown"] * slope["output_in"]
        to_cell = half["output"] * slope["cell"]
        by_gates = [
            half["new"] * slope["input_in"],
            half["cell_before"] * slope["forget_in"],
            half["input"] * slope["new_in"],
        ]
        turned = ops.transpose(node.arrays["recurrent"])

        def step(carry, given):
            own, output, shown, forget, *gates = given
            total = own + carry[0]
            cell = carry[1] + total * shown
            columns = ops.concatenate([*(cell * gate for gate in gates), total * output], axis=-1)
            return [ops.matmul(columns, turned), cell * forget], [total, cell]

        parts = [multiplier, by_output, to_cell, half["forget"], *by_gates]
        zero = ops.zeros_like(multiplier[:, 0])
        total, cell = _steps(step, [zero, zero], parts, reverse=True)
        return ops.concatenate([*(cell * gate for gate in by_gates), total * by_output], axis=-1)
