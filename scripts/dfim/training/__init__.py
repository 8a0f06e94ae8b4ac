"""Training networks, asking them, and measuring how good they are."""

import dfim.networks  # noqa: F401  before TensorFlow, whose environment it sets
