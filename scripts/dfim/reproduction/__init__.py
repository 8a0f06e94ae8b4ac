"""The claims of the paper's supplement, and what a run found of them."""
