"""Networks of which a part is an author's own code: one sentence that names the part and what to do."""

import json

import keras
import pytest

from dfim.errors import InputError
from dfim.networks import keras_models


@keras.saving.register_keras_serializable("theirs")
class Centre(keras.layers.Layer):
    """A layer of a network's author: its code is not in the file."""

    def call(self, x):
        return x - 1


def halved(x):
    return x / 2


def saved(layer: keras.layers.Layer, folder, ending: str):
    """Save a network with the layer as one file, or as JSON and weights; return what reads it again."""
    model, path = keras.Sequential([keras.Input((3, 4)), layer]), folder / f"model.{ending}"
    if ending != "json":
        model.save(path)
        return path, lambda: keras_models.read_model(path)
    weights = folder / "model.weights.h5"
    model.save_weights(weights)
    path.write_text(json.dumps(json.loads(model.to_json()) | {"keras_version": "3.0.0"}), encoding="utf-8")
    return path, lambda: keras_models.read_parts(path, weights)


@pytest.mark.parametrize(
    ("make", "ending", "named"),
    [
        (lambda: keras.layers.Lambda(lambda x: x + 1, name="plus"), "keras", "plus (Lambda)"),
        (lambda: keras.layers.Lambda(lambda x: x + 1, name="plus"), "h5", "plus (Lambda)"),
        (lambda: keras.layers.Lambda(lambda x: x + 1, name="plus"), "json", "plus (Lambda)"),
        (lambda: Centre(name="centre"), "keras", "centre (Centre)"),
        (lambda: Centre(name="centre"), "h5", "centre (theirs>Centre)"),
        (lambda: Centre(name="centre"), "json", "centre (Centre)"),
        (lambda: keras.layers.Activation(halved), "keras", "halved (function)"),
        (lambda: keras.layers.Activation(halved), "json", "halved (function)"),
    ],
)
def test_code_of_an_author_is_named_and_refused(tmp_path, monkeypatch, make, ending, named):
    path, read = saved(make(), tmp_path, ending)
    monkeypatch.delitem(keras.saving.get_custom_objects(), "theirs>Centre")
    with pytest.raises(InputError) as error:
        read()
    assert str(error.value) == (
        f"{path}: {named} needs code of its author, and no code of a file is run: build the network of "
        "Keras' own layers, or export it to ONNX where that code is."
    )
