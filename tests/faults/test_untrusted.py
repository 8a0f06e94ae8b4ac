"""What comes from outside runs no code, leaves no folder and reaches no shell."""

import io
import re
import zipfile

import keras
import numpy as np
import pytest
import yaml
from small_run import small_configuration

from dfim.datasets.sequence_files import read_sequences
from dfim.errors import InputError
from dfim.networks import keras_files
from dfim.networks.given import read_own_network
from dfim.planted.grammar import read_grammar
from workflow.schema import CONFIG_SCHEMA, ROOT, SCHEMAS, check
from workflow.sheets import read_tasks

EVIL = [
    "../up", "a/b", "/etc", "..", ".hidden", "a b", "a'b", 'a"b', "$(touch x)", "`touch x`", "a;b", "a|b",
    "a\nb", "a\n", "é", "{a}", "-rf", "", "*",
]  # fmt: skip
# What names a section of the configuration becomes folders; each of its names must be harmless.
SECTIONS = {
    "genomes": {"planted": "grammar.yaml"},
    "libraries": "library.yaml",
    "datasets": None,
    "models": None,
    "analyses": None,
}


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("section", SECTIONS)
def test_names_of_the_configuration_are_harmless(section, name):
    config = small_configuration()
    entry = SECTIONS[section] or next(iter(config[section].values()))
    config[section] = {"harmless": entry}
    check(config, CONFIG_SCHEMA, "config")
    config[section] = {name: entry}
    with pytest.raises(InputError, match="a folder"):
        check(config, CONFIG_SCHEMA, "config")


@pytest.mark.parametrize("name", EVIL)
def test_tasks_of_a_simulation_are_harmless(name):
    config = small_configuration()
    config["datasets"]["simulation"]["simulation"]["task"] = name
    with pytest.raises(InputError, match="task"):
        check(config, CONFIG_SCHEMA, "config")


@pytest.mark.parametrize("name", ["a b", "a;b", "$(touch x)", "a'b", "a\n", "é", ""])
def test_the_folder_of_results_is_harmless_to_a_shell(name):
    config = small_configuration() | {"results": name}
    with pytest.raises(InputError, match="results"):
        check(config, CONFIG_SCHEMA, "config")


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("schema", ["tasks", "samples"])
def test_names_of_sheets_are_harmless(schema, name, tmp_path):
    row = {"task": name, "assay": "ATAC-seq"}
    if schema == "samples":
        row |= {"replicate": "a", "ends": "single", "fastq_1": "a.fq"}
    with pytest.raises(InputError):
        check(row, SCHEMAS / f"{schema}.schema.yaml", "sheet, line 2")
    row = row | {"task": "K562"} | ({"replicate": name} if schema == "samples" else {"peaks": "a.bed"})
    if schema == "samples":
        if name:  # accessions bring replicates of their own, and the cell stays empty
            with pytest.raises(InputError):
                check(row, SCHEMAS / "samples.schema.yaml", "sheet, line 2")
    else:
        quoted = '"' + name.replace('"', '""') + '"'
        (tmp_path / "sheet.tsv").write_text(f"task\tassay\tpeaks\n{quoted}\tx\ta.bed\n")
        with pytest.raises(InputError):
            read_tasks(tmp_path / "sheet.tsv")


def test_shell_commands_get_only_what_was_checked():
    """Every substitution in a shell command is a path below the results, a number, or made of these."""
    harmless = {
        "input", "input.index", "output", "output.summary", "output.bam", "output.marked", "output.mapped",
        "log", "threads", "params.seed", "params.files", "params.proper", "params.quality",
        "resources.sort_mb",
    }  # fmt: skip
    found = set()
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for command in re.findall(r"\n    shell:\n(.*?)(?=\n\n\n|\Z)", path.read_text(), flags=re.DOTALL):
            found |= set(re.findall(r"(?<!\{)\{([a-z_.]+)\}(?!\})", command))
    assert {"input", "output"} <= found <= harmless


def test_pickled_arrays_are_not_loaded(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.save(tmp_path / "evil.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="without pickling"):
        read_sequences(tmp_path / "evil.npy")
    assert not (tmp_path / "ran").exists()


def test_no_reader_allows_pickles_or_unsafe_yaml_or_unpacks_archives():
    for path in (ROOT / "scripts").rglob("*.py"):
        text = path.read_text()
        for call in re.findall(r"np\.load\([^)]*\)", text):
            assert "allow_pickle=False" in call, f"{path}: {call}"
        for call in re.findall(r"load_model\([^)]*\)", text):
            assert path.name == "legacy_keras.py" or "safe_mode=True" in call or "convert" in call, (
                f"{path}: {call}"
            )
        forbidden = (
            r"\bimport pickle|joblib|yaml\.load\((?!text, _(Once|Quick)Loader)|extractall|unpack_archive"
            r"|tarfile|shell=True|os\.system"
        )
        assert not re.search(forbidden, text), path


def model_file(folder, suffix, layer) -> str:
    model = keras.Sequential([keras.Input((10, 4)), layer, keras.layers.Flatten(), keras.layers.Dense(1)])
    path = folder / f"model{suffix}"
    model.save(path)
    return path


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_code_in_a_network_is_not_run(suffix, tmp_path):
    marker = tmp_path / "ran"
    layer = keras.layers.Lambda(eval(f"lambda x: (open({str(marker)!r}, 'w'), x)[1]"))
    path = model_file(tmp_path, suffix, layer)
    marker.unlink(missing_ok=True)
    with pytest.raises(InputError):
        read_own_network(path)
    assert not marker.exists()


def test_a_network_cannot_name_code_to_import(tmp_path):
    """A layer of the file that is a function of some module, and weights that lie outside, are refused."""
    path = model_file(tmp_path, ".keras", keras.layers.ReLU())
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                data = data.replace(b'"module": "keras.layers", "class_name": "ReLU"',
                                    b'"module": "os", "class_name": "system"')  # fmt: skip
                assert b'"system"' in data
            new.writestr(name, data)
        new.writestr("../outside", b"x")
    path.write_bytes(content.getvalue())
    with pytest.raises(InputError):
        keras_files.load_network(path)
    assert not (tmp_path.parent / "outside").exists()


def test_yaml_with_code_is_refused(tmp_path):
    path = tmp_path / "grammar.yaml"
    path.write_text(f"!!python/object/apply:os.system ['touch {tmp_path / 'ran'}']")
    with pytest.raises(InputError, match="is not YAML"):
        read_grammar(path)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(path.read_text())
