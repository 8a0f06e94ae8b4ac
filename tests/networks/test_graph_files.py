"""A network as a file of arrays: the same network again, and one sentence for every file that is none."""

import json
import zipfile

import keras
import numpy as np
import pytest

from dfim.attribution import read_network
from dfim.errors import InputError
from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.graph import Graph
from dfim.networks.graph_files import FORMAT, load_graph, save_graph
from dfim.networks.keras_files import save_network

L = keras.layers
LENGTH = 40
CHAIN = [
    {"kind": "convolution", "filters": 6, "width": 5, "batch_normalisation": True},
    {"kind": "max_pool", "width": 4},
    {"kind": "dense", "units": 5},
]
RESIDUAL = [
    {"kind": "convolution", "filters": 6, "width": 5},
    {"kind": "convolution", "filters": 6, "width": 3, "padding": "same", "dilation": 2},
    {"kind": "add"},
    {"kind": "global_max_pool"},
]


def functional(length: int | None = LENGTH) -> keras.Model:
    """Of many kinds of options: pairs, numbers, flags; a layer that is used twice; constants."""
    start = L.Input((length, 4))
    twice = L.Conv1D(4, 3, padding="same", activation="relu")
    x = twice(twice(start))
    x = L.Add()(
        [
            L.ZeroPadding1D((2, 1))(x),
            L.Conv1D(4, 4, padding="same", activation="gelu")(L.ZeroPadding1D((1, 2))(x)),
        ]
    )
    x = L.LeakyReLU(0.1)(L.AveragePooling1D(3, 2, padding="same")(x))
    x = L.Permute((2, 1))(L.Permute((2, 1))(x)) if length else x
    x = L.BatchNormalization()(2 * x + 0.5)
    return keras.Model(start, L.Dense(2)(L.GlobalMaxPooling1D()(x)))


NETWORKS = {
    "chain": lambda: build_network(CHAIN, LENGTH, ["a", "b"], seed=1),
    "residual": lambda: build_network(RESIDUAL, LENGTH, ["a"], seed=1),
    "functional": functional,
    "any length": lambda: functional(None),
}


def same(found: Graph, expected: Graph) -> None:
    assert (found.outputs, found.length) == (expected.outputs, expected.length)
    for one, other in zip(found, expected, strict=True):
        assert (one.kind, one.name, one.inputs, one.options) == (
            other.kind,
            other.name,
            other.inputs,
            other.options,
        )
        assert one.arrays.keys() == other.arrays.keys()
        for name, array in one.arrays.items():
            np.testing.assert_array_equal(array, other.arrays[name])


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_read_is_what_was_written(name, tmp_path):
    graph = describe(NETWORKS[name]())
    save_graph(graph, tmp_path / "new" / "graph.npz")
    read = load_graph(tmp_path / "new" / "graph.npz")
    same(read, graph)
    if graph.length is None:
        same(load_graph(tmp_path / "new" / "graph.npz", 30), graph.at_length(30))
    sharing = {id(array) for node in graph for array in node.arrays.values()}
    assert len({id(array) for node in read for array in node.arrays.values()}) == len(sharing)
    save_graph(read, tmp_path / "again.npz")
    first, again = tmp_path / "new" / "graph.npz", tmp_path / "again.npz"
    assert first.read_bytes() == again.read_bytes()
    assert {path.name for path in first.parent.iterdir()} == {"graph.npz", ".graph.npz.sha256"}


def test_a_layer_that_is_used_twice_has_its_weights_once():
    graph = describe(functional())
    convolutions = [node.arrays for node in graph if node.kind == "convolution"]
    first, second = convolutions[:2]
    assert first["kernel"] is second["kernel"]


def test_keras_files_are_read_as_before(tmp_path):
    model = NETWORKS["chain"]()
    save_network(model, tmp_path / "model.keras")
    save_graph(describe(model), tmp_path / "graph.npz")
    same(read_network(tmp_path / "graph.npz"), read_network(tmp_path / "model.keras"))


# ------------------------------------------------------------------------------------ files that are none

MEND = "make it again from the network (where the workflow made it, delete it and run again)."


def sentence(path) -> str:
    with pytest.raises(InputError) as error:
        load_graph(path)
    return str(error.value).replace(f"{path}", "PATH")


def written(path, described: dict, **arrays):
    text = np.frombuffer(json.dumps(described).encode(), np.uint8)
    np.savez(path, description=text, **arrays)
    return path


def test_a_missing_file_and_one_of_another_kind(tmp_path):
    path = tmp_path / "graph.npz"
    assert sentence(path) == "PATH is not a file: the graph of a network (.npz) was expected there."
    path.write_text("name\tvalue\n")
    assert sentence(path) == f"PATH is no graph of a network, or is damaged: {MEND}"
    np.savez(path, weights=np.ones(3))
    assert sentence(path) == (
        f"PATH could not be read as the graph of a network (KeyError: 'description'): {MEND}"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("description", "{}")
    assert sentence(path).startswith("PATH could not be read as the graph of a network (AttributeError: ")


def test_objects_in_a_file_are_never_loaded(tmp_path):
    np.savez(tmp_path / "graph.npz", description=np.array([print], object))
    assert sentence(tmp_path / "graph.npz") == (
        "PATH could not be read as the graph of a network (ValueError: Object arrays cannot be loaded when "
        f"allow_pickle=False): {MEND}"
    )


def test_damage_is_found(tmp_path):
    path = tmp_path / "graph.npz"
    save_graph(describe(NETWORKS["chain"]()), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert sentence(path) == f"PATH is no graph of a network, or is damaged: {MEND}"
    rng, found = np.random.default_rng(3), 0
    for place in rng.choice(len(whole), 40, replace=False):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        try:
            same(load_graph(path), describe(NETWORKS["chain"]()))
        except InputError as error:
            found += str(path) in str(error)
    # A few bytes of a zip file, as those of times and of who made it, mean nothing.
    assert found >= 30


def test_a_later_version_is_named(tmp_path):
    path = written(tmp_path / "graph.npz", {"format": FORMAT + 1, "layers": []})
    assert sentence(path) == (
        f"PATH has the format {FORMAT + 1}, and this version reads those up to {FORMAT}: use the version "
        "that wrote it, or make it again from the network."
    )


NODE = {
    "kind": "dense",
    "name": "d",
    "inputs": ["one_hot"],
    "options": {},
    "arrays": {"kernel": 0, "bias": 1},
}
ARRAYS = {"array_0": np.ones((4, 2), np.float32), "array_1": np.ones(2, np.float32)}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"nodes": [NODE | {"kind": "lambda"}]},
            "layer 'd' is of the kind 'lambda', for which there is no rule",
        ),
        ({"nodes": [NODE | {"arrays": {"kernel": 7}}]}, "IndexError: list index out of range"),
        ({"nodes": [NODE | {"inputs": ["x"]}]}, "the node 'd' takes 'x', which no node before it is"),
        ({"nodes": [{"kind": "dense"}]}, "KeyError: 'name'"),
        ({"nodes": 3}, "TypeError: 'int' object is not iterable"),
        ({"length": "many"}, "ValueError: invalid literal for int() with base 10: 'many'"),
        ({"format": "new"}, "ValueError: invalid literal for int() with base 10: 'new'"),
        (
            {"nodes": [NODE | {"arrays": {"kernel": 1, "bias": 1}}]},
            "the node d (dense) cannot take its input: its last axis has 4 values, and the kernel is for 2",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changed, reason, tmp_path):
    described = {"format": FORMAT, "nodes": [NODE], "outputs": {"output": "d"}, "length": 9}
    graph = load_graph(written(tmp_path / "graph.npz", described, **ARRAYS))
    assert graph[0].options["output_shape"] == (9, 2)
    found = sentence(written(tmp_path / "graph.npz", described | changed, **ARRAYS))
    assert found.startswith(f"PATH could not be read as the graph of a network ({reason}")
