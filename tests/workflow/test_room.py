"""The room of what rules ask: modules import one way, and rules keep nothing that a test cannot import."""

import ast
import re

import pytest

from workflow.schema import ROOT

# Each module may import from those before it.
ORDER = [
    ["schema_words", "scheduling"],
    ["schema", "analyses", "watching", "groups", "environment", "sentences", "attention", "network_heads"],
    ["running", "included", "small_files", "figures"],
    ["rows", "costs", "datasets"],
    ["feature_names", "samples", "backgrounds", "exports"],
    ["conditions", "named", "scans"],
    ["nulls", "ensembles", "sheets"],
    ["results"],
    ["sources", "references", "reads_sizes"],
    ["replicates"],
    ["early", "console"],
    ["reads_demands", "sizes"],
    ["configuration", "demands", "lookups"],
    ["plan", "page"],
]
RANK = {module: rank for rank, modules in enumerate(ORDER) for module in modules}
MODULES = sorted(path for path in (ROOT / "scripts/workflow").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_import_one_way_and_are_small(path):
    tree = ast.parse(path.read_text())
    named = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    used = {node.module.split(".")[1] for node in named if node.module.startswith("workflow.")}
    used |= {alias.name for node in named if node.module == "workflow" for alias in node.names}
    assert [other for other in used if RANK[other] >= RANK[path.stem]] == []
    assert len(path.read_text().splitlines()) <= 400
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in functions if node.end_lineno - node.lineno >= 40] == []


def test_scripts_are_those_of_rules():
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    used = set(re.findall(r'"\.\./scripts/(\w+)\.py"', rules))
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == used


def test_jobs_that_score_have_the_backend_of_the_configuration():
    """Those that train are TensorFlow's."""
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    with_backend = set()
    for rule in re.split(r"^ *rule\b", rules, flags=re.MULTILINE):
        params = re.findall(r"LOOKUPS\.(?:scoring|export|scan|null_check)_params|backend=config", rule)
        with_backend |= set(re.findall(r"scripts/(\w+)\.py", rule)) if params else set()
    computing = {path.stem for path in (ROOT / "scripts").glob("*.py") if "on_gpu=True" in path.read_text()}
    assert computing - with_backend == {"train_model"}
    assert with_backend <= computing


def test_the_common_rules_keep_no_state_and_no_logic():
    text = (ROOT / "rules/common.smk").read_text()
    assert len(text.splitlines()) <= 180
    tree = ast.parse(text.split("wildcard_constraints:")[0])
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == ["ending_in_a_sentence"]
    values = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    mutable = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    assert values
    assert not [ast.unparse(value) for value in values if isinstance(value, mutable)]
