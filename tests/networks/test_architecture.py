"""Layers of the configuration: what is refused, what is filled in, and how many positions are left."""

import subprocess
import sys
from pathlib import Path

import pytest

from dfim.errors import InputError
from dfim.networks.architecture import blocks_of, check_layers, complete_layer, output_length

CONVOLUTION = {"kind": "convolution", "filters": 4, "width": 5}
SAME = CONVOLUTION | {"filters": 6, "padding": "same"}
POOL = {"kind": "max_pool", "width": 4}
WHERE = "key 'architectures.small'"


def refusal(layers):
    with pytest.raises(InputError) as error:
        check_layers(layers, WHERE)
    return str(error.value)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (
            [CONVOLUTION, {"kind": "lstm"}],
            "layer 2 has the kind 'lstm', and a kind must be one of convolution, dense, max_pool, "
            "average_pool, global_max_pool, global_average_pool, add.",
        ),
        (["convolution"], "layer 1 is 'convolution', and a layer must be a mapping with the key 'kind'."),
        (
            [CONVOLUTION | {"stride": 2}],
            "layer 1 (convolution) has the unknown key 'stride'; allowed are: filters, width, padding, "
            "dilation, initial, batch_normalisation, activation, dropout.",
        ),
        (
            [CONVOLUTION | {"initial": "zeros"}],
            "layer 1 (convolution) has initial: 'zeros', and initial must be random or identity.",
        ),
        (
            [CONVOLUTION, POOL | {"padding": "same"}],
            "layer 2 (max_pool) has the unknown key 'padding'; allowed are: width, stride.",
        ),
        (
            [{"kind": "convolution", "width": 5}],
            "layer 1 (convolution) lacks the key 'filters': give it a whole number above 0.",
        ),
        (
            [{"kind": "average_pool"}],
            "layer 1 (average_pool) lacks the key 'width': give it a whole number above 0.",
        ),
        (
            [{"kind": "dense", "units": 2.5}],
            "layer 1 (dense) has units: 2.5, and units must be a whole number above 0.",
        ),
        (
            [{"kind": "dense", "units": None}],
            "layer 1 (dense) has units: None, and units must be a whole number above 0.",
        ),
        (
            [CONVOLUTION | {"filters": 0}],
            "layer 1 (convolution) has filters: 0, and filters must be a whole number above 0.",
        ),
        (
            [CONVOLUTION | {"padding": "causal"}],
            "layer 1 (convolution) has padding: 'causal', and padding must be same or valid.",
        ),
        (
            [CONVOLUTION | {"activation": "swish"}],
            "layer 1 (convolution) has activation: 'swish', and activation must be relu, gelu or linear.",
        ),
        (
            [CONVOLUTION | {"batch_normalisation": "yes"}],
            "layer 1 (convolution) has batch_normalisation: 'yes', and batch_normalisation must be true or "
            "false.",
        ),
        (
            [{"kind": "global_max_pool", "width": 2}],
            "layer 1 (global_max_pool) has the unknown key 'width'; allowed are: no other keys.",
        ),
        (
            [{"units": 3}],
            "layer 1 has the kind None, and a kind must be one of convolution, dense, max_pool, "
            "average_pool, global_max_pool, global_average_pool, add.",
        ),
        (
            [CONVOLUTION | {"dropout": 1.0}],
            "layer 1 (convolution) has dropout: 1.0, and dropout must be a number from 0 up to, but not "
            "including, 1.",
        ),
        (
            [CONVOLUTION | {"dropout": True}],
            "layer 1 (convolution) has dropout: True, and dropout must be a number from 0 up to, but not "
            "including, 1.",
        ),
        (
            [{"kind": "global_average_pool"}, {"kind": "dense", "units": 2}, POOL],
            "layer 3 (max_pool) comes after a dense or global pooling layer, where no positions are left: "
            "move it before them.",
        ),
        (
            [SAME, {"kind": "add"}],
            "layer 2 (add) sums 4 channels and 6: give the layers that it is over as many filters (or units) "
            "as reach them.",
        ),
        (
            [SAME, CONVOLUTION | {"filters": 6}, {"kind": "add"}],
            "layer 3 (add) is over a layer that changes the number of positions: give the convolutions that "
            "it is over padding: same, and no pool.",
        ),
        (
            [SAME, SAME, {"kind": "add"}, SAME, {"kind": "add", "over": 4}],
            "layer 5 (add) is over 4 layers, and 3 come before it: lower 'over'.",
        ),
        (
            [SAME | {"dilation": 0}],
            "layer 1 (convolution) has dilation: 0, and dilation must be a whole number above 0.",
        ),
    ],
)
def test_impossible_layers_are_refused_in_a_sentence(layers, sentence):
    assert refusal(layers) == f"{WHERE}: {sentence}"


def test_a_complete_layer_has_its_defaults():
    assert complete_layer(POOL) == {"kind": "max_pool", "width": 4, "stride": 4}
    assert complete_layer(POOL | {"stride": 1})["stride"] == 1
    assert complete_layer({"kind": "dense", "units": 3, "dropout": 0.5}) == {
        "kind": "dense",
        "units": 3,
        "batch_normalisation": False,
        "activation": "relu",
        "dropout": 0.5,
    }


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([], 200),
        ([{"kind": "convolution", "filters": 40, "width": 19}, {"kind": "max_pool", "width": 10}], 18),
        ([CONVOLUTION | {"padding": "same"}, POOL | {"stride": 3}], (200 - 4) // 3 + 1),
        ([CONVOLUTION | {"dilation": 3}, SAME, {"kind": "add"}], 200 - 12),
        ([CONVOLUTION, {"kind": "global_max_pool"}, {"kind": "dense", "units": 3}], 1),
    ],
)
def test_positions_that_are_left(layers, left):
    assert output_length(layers, 200, WHERE) == left


def test_a_sum_holds_the_layers_that_it_is_over_and_is_one_layer_to_the_next():
    one, two, three = ({**SAME, "width": width} for width in (1, 3, 5))
    layers = [one, two, {"kind": "add"}, three, {"kind": "add", "over": 2}]
    check_layers([SAME, *layers], WHERE)
    (first, outer) = blocks_of([SAME, one, two, {"kind": "add"}, three, {"kind": "add", "over": 3}])
    assert first["width"] == 5
    assert [layer["kind"] for layer in outer["layers"]] == ["convolution", "add", "convolution"]
    (inner,) = outer["layers"][1]["layers"]
    assert inner["width"] == 3


def test_sequences_that_are_too_short_are_refused():
    assert output_length([CONVOLUTION, POOL], 8, WHERE) == 1
    with pytest.raises(InputError) as error:
        output_length([CONVOLUTION, POOL], 7, WHERE)
    assert str(error.value) == (
        f"{WHERE}: layer 2 (max_pool) has width 4, and only 3 positions of a sequence of 7 reach it: make "
        "the sequences longer or this layer and the ones before it narrower."
    )


def test_layers_are_checked_without_tensorflow():
    code = "import sys, dfim.networks.architecture; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    scripts = Path(__file__).parents[2] / "scripts"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(scripts)})
