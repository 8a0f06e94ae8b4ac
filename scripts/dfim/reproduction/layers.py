"""The layers of a saved network as text, to be compared with what the supplement says."""

import json
import os
import zipfile


def network_layers(path: str | os.PathLike) -> str:
    """Return the layers of a Keras 3 file as text, one entry per convolution, pool and dense layer.

    An entry has its sizes (filters × width, units, pool width) and, in brackets and alphabetical order, what
    follows it up to the next: activation, batch normalisation, dropout. Only the file's configuration is
    read, not its weights.
    """
    with zipfile.ZipFile(path) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    entries: list[tuple[str, list[str]]] = []
    for layer in layers:
        options = layer["config"]
        match layer["class_name"]:
            case "Conv1D":
                entries.append((f"convolution {options['filters']} × {options['kernel_size'][0]}", []))
            case "Dense":
                entries.append((f"dense {options['units']}", []))
            case "MaxPooling1D" | "AveragePooling1D" as kind:
                entries.append(
                    (f"{kind.removesuffix('Pooling1D').lower()} pool {options['pool_size'][0]}", [])
                )
            case "GlobalMaxPooling1D" | "GlobalAveragePooling1D" as kind:
                entries.append((f"global {kind[6:].removesuffix('Pooling1D').lower()} pool", []))
            case "ReLU":
                entries[-1][1].append("relu")
            case "BatchNormalization":
                entries[-1][1].append("batch normalisation")
            case "Dropout":
                entries[-1][1].append(f"dropout {options['rate']:g}")
        if options.get("activation", "linear") != "linear":
            entries[-1][1].append(options["activation"])
    return ", ".join(f"{name} ({', '.join(sorted(more))})" if more else name for name, more in entries)
