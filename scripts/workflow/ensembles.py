"""Networks beside a model: those of other seeds, and additive twins.

A network beside a model is a model of the configuration like any other, but for the key ``beside``, which
names the model. Its dataset, where it is a twin, is made by the producer ``twin``.
"""

from collections.abc import Mapping

from dfim.errors import InputError
from workflow.datasets import told_of


def networks_of(config: Mapping, model: str) -> list[str]:
    """Return the names of a model and of its networks of other seeds."""
    return [
        model,
        *(f"{model}_seed{number}" for number in range(2, config["models"][model].get("seeds", 1) + 1)),
    ]


def twins_of(config: Mapping, model: str) -> list[str]:
    """Return the names of the additive twins of a model."""
    return [f"{model}_twin{number}" for number in range(1, config["models"][model].get("twins", 0) + 1)]


def model_beside(config: Mapping, model: str) -> str:
    """Return the model that a network stands beside; itself for one that stands alone."""
    return config["models"][model].get("beside", model)


def own_models(config: Mapping) -> dict[str, Mapping]:
    """Return the models that are no network beside another, by name."""
    return {name: model for name, model in config["models"].items() if "beside" not in model}


def null_twin(config: Mapping, model: str) -> str | None:
    """Return the network whose cells are the null of a model's: its first twin, of that the second one."""
    twins = twins_of(config, model_beside(config, model))
    others = [twin for twin in twins if twin != model]
    return others[0] if others else None


def add_networks(config: dict, tasks_of_dataset: Mapping[str, list[str]]) -> None:
    """Add the networks beside each model, and their datasets, to a complete configuration, in place.

    ``tasks_of_dataset`` has the tasks of each dataset, which its twins have too.
    A network of another seed differs in its seed alone, by 1 from one to the next. A twin is trained with the
    seed of its model on a twin of its dataset. Neither scores contributions. Raises InputError when a name is
    taken, or when a model that is not trained asks for either.
    """
    for name, model in own_models(config).items():
        seeds, twins = networks_of(config, name)[1:], twins_of(config, name)
        if (seeds or twins) and "source" in model:
            raise InputError(
                f"key 'models.{name}' has a source and asks for seeds or twins: it is not trained."
            )
        shared = {key: value for key, value in model.items() if key not in ("seeds", "twins")}
        shared |= {"contributions": [], "beside": name}
        for number, seed in enumerate(seeds, start=1):
            _add(config, "models", seed, shared | {"seed": config["seed"] + number}, name)
        for number, twin in enumerate(twins, start=1):
            dataset = f"{model['dataset']}_twin{number}"
            made = _twin_of(config, model["dataset"], number, tasks_of_dataset)
            if config["datasets"].get(dataset) != made:
                _add(config, "datasets", dataset, made, name)
            _add(config, "models", twin, shared | {"dataset": dataset}, name)


def _twin_of(config: Mapping, dataset: str, number: int, tasks_of_dataset: Mapping) -> dict:
    """Return the entry of a twin of a dataset: what it is drawn from, its tasks, and its size."""
    told = told_of(config, dataset) | config["expected_sizes"]["datasets"].get(dataset, {})
    return {"twin": {"of": dataset, "number": number, "tasks": tasks_of_dataset[dataset], "told": told}}


def without_networks(config: Mapping) -> dict:
    """Return a configuration as it was before :func:`add_networks`."""
    datasets = {name: dataset for name, dataset in config["datasets"].items() if "twin" not in dataset}
    return {**config, "models": own_models(config), "datasets": datasets}


def _add(config: dict, section: str, name: str, entry: dict, model: str) -> None:
    """Add an entry under a name that no other has."""
    if name in config[section]:
        raise InputError(
            f"key '{section}.{name}' has the name that a network beside the model {model!r} takes: rename it."
        )
    config[section][name] = entry
