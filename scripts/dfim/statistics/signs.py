"""May the sign of a method's scores be trusted? On the run's called pairs it is compared with mutagenesis."""

import numpy as np
import pandas as pd

from dfim.statistics.proportions import share_interval

# Fixed beforehand: signs are trusted from this share of agreement on, and from this many called pairs on.
LEAST_AGREEMENT = 0.9
FEWEST = 5
NOT_TRUSTED = "sign not to be trusted"
COLUMNS = ["n", "n_blocks", "same_sign", "same_sign_low", "same_sign_high", "least", "trusted", "note"]


def sign_agreement(pairs: pd.DataFrame) -> dict:
    """Return how often the signed sum has the sign of the interaction, on the pairs that mutagenesis calls.

    ``pairs`` has the columns ``signed_sum``, ``interaction``, ``interaction_called`` and ``block``. Returns
    the columns
    ``COLUMNS``: ``same_sign`` of ``n`` pairs with its 95 % interval by blocks; ``trusted``
    is 1 from :data:`LEAST_AGREEMENT` on, and 0 also where fewer than :data:`FEWEST` pairs are called, for
    then nothing is known of its signs; ``note`` says so.
    """
    own = pairs[(pairs["interaction_called"] == 1) & (pairs["signed_sum"] != 0)]
    row = {"n": len(own), "n_blocks": own["block"].nunique(), "least": LEAST_AGREEMENT}
    row |= dict.fromkeys(("same_sign", "same_sign_low", "same_sign_high"), np.nan)
    if len(own):
        same = (np.sign(own["signed_sum"]) == np.sign(own["interaction"])).to_numpy()
        row["same_sign"] = same.mean()
        row["same_sign_low"], row["same_sign_high"] = share_interval(same, own["block"].to_numpy())
    trusted = len(own) >= FEWEST and row["same_sign"] >= LEAST_AGREEMENT
    return {
        name: (row | {"trusted": int(trusted), "note": _note(trusted, len(own))})[name] for name in COLUMNS
    }


def _note(trusted: bool, n: int) -> str:
    if trusted:
        return ""
    return NOT_TRUSTED if n >= FEWEST else f"{NOT_TRUSTED}: fewer than {FEWEST} called pairs to compare it on"


def signed_call(signed_sum: np.ndarray, are_called: np.ndarray, trusted: bool) -> np.ndarray:
    """Return ``synergy``, ``redundancy`` or, of a method without trust, that; empty text where not called."""
    words = np.where(np.asarray(signed_sum) > 0, "synergy", "redundancy") if trusted else NOT_TRUSTED
    return np.where(are_called, words, "").astype(object)
