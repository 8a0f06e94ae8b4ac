"""A small analysis in a process of its own: a network, its scores, names, a table, a figure; prints what it
got.

The first argument is a folder to write to.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import numpy as np
import pandas as pd

from dfim.attribution import METHODS
from dfim.files.tables import read_table, write_table
from dfim.files.whole import sha256_of
from dfim.networks.building import build_network
from dfim.networks.keras_files import load_network, save_network
from dfim.plots import style

folder = Path(sys.argv[1])
layers = [{"kind": "convolution", "filters": 3, "width": 4}, {"kind": "global_max_pool"}]
import keras  # noqa: E402  as dfim set it

keras.utils.set_random_seed(1)
save_network(build_network(layers, 20, ["T", "U"]), folder / "model.keras")
model = load_network(folder / "model.keras")
bases = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (3, 20))
one_hot = (bases[:, :, None] == np.frombuffer(b"ACGT", np.uint8)).astype(np.float32)
outputs = np.asarray(model(one_hot))
table = pd.DataFrame({"name": ["é 007", "NA", "a$b$c"], "p": outputs[:, 0]})
write_table(table, folder / "table.tsv")
figure = style.new_figure(2)
axis = figure.subplots()
axis.plot(outputs[:, 0])
axis.set_xticks(range(3), table["name"])
style.panel_title(axis, "a", "Größe of a$b$c")
style.save(figure, table, folder / "f.pdf", folder / "f.png", folder / "f.tsv", "é")
print(
    json.dumps(
        {
            "outputs": outputs.astype(float).round(6).tolist(),
            "dtype": str(outputs.dtype),
            "names": read_table(folder / "table.tsv")["name"].tolist(),
            "picture": sha256_of(folder / "f.png"),
            "backend": keras.backend.backend(),
            "package": str(Path(pd.__file__).parents[1]),
            "methods": list(METHODS),
        }
    )
)
