"""Networks: built, saved, loaded, taken from elsewhere, and described as graphs."""
