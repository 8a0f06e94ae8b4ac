"""Files: written whole or not at all, read with a sentence for what is wrong, fetched and checked."""
