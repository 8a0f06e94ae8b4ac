"""The one exception for input that a user can mend."""


class InputError(ValueError):
    """Input that the user can mend.

    The message is one sentence: which file, line or key; what was found; what was needed; how to mend it.
    Scripts print it without a traceback and exit with status 1.
    """
