"""The background that is said once: who takes it, and who has one of its own."""

import pytest

from dfim.errors import InputError
from workflow.backgrounds import set_backgrounds

OWN = [0.1, 0.4, 0.4, 0.1]


def configuration(**more):
    return {
        "background": [0.3, 0.2, 0.2, 0.3],
        "datasets": {
            "simulated": {"simulation": {}},
            "own": {"sequences": {"background": OWN}},
            "spaced": {"spacing": {}},
            "given": {"spacing": {"backgrounds": {"file": "a.fa"}}},
            "peaks": {"peaks": {}},
        },
        "models": {"m": {"contributions": [{"task": "a"}, {"task": "b", "background": OWN}]}},
        "analyses": {"a": {}, "b": {"background": "composition"}},
        "scans": {"random": {}, "given": {"sequences": "a.fa"}},
    } | more


def test_the_background_is_that_of_all_who_have_none_of_their_own():
    config = configuration()
    set_backgrounds(config)
    said = config["background"]
    assert config["datasets"] == {
        "simulated": {"simulation": {"background": said}},
        "own": {"sequences": {"background": OWN}},
        "spaced": {"spacing": {"background": said}},
        "given": {"spacing": {"backgrounds": {"file": "a.fa"}}},
        "peaks": {"peaks": {}},
    }
    assert [entry["background"] for entry in config["models"]["m"]["contributions"]] == [said, OWN]
    assert config["scans"] == {"random": {"background": said}, "given": {"sequences": "a.fa"}}
    assert config["analyses"] == {"a": {"background": said}, "b": {"background": "composition"}}


def test_probabilities_that_do_not_sum_to_one_are_refused():
    with pytest.raises(InputError) as error:
        set_backgrounds(configuration(background=[0.3, 0.3, 0.3, 0.3]))
    assert str(error.value) == (
        "key 'background' has the value [0.3, 0.3, 0.3, 0.3], which sums to 1.2, not 1."
    )
