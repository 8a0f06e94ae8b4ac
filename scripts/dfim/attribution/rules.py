"""The rules of DeepLIFT, by which activations pass multipliers on (Shrikumar et al. 2017).

``genomics_default``, the rule of the DFIM paper and the default of the deeplift package, is Rescale at
activations after convolutions and RevealCancel at activations after dense layers; ``rescale`` and
``reveal_cancel`` use one rule throughout.
"""

from dfim.errors import InputError

RULES = ("genomics_default", "rescale", "reveal_cancel")


def check_rule(rule: str) -> None:
    """Raise InputError on a rule that there is not."""
    if rule not in RULES:
        raise InputError(f"DeepLIFT has no rule {rule!r}: use one of {', '.join(RULES)}.")


def rule_after(linear: str, rule: str) -> str:
    """Return ``rescale`` or ``reveal_cancel``: the rule at an activation after a linear layer of a kind."""
    if rule == "genomics_default":
        return "reveal_cancel" if linear == "dense" else "rescale"
    return rule
