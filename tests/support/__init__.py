"""Data and second implementations that tests of several rooms share."""
