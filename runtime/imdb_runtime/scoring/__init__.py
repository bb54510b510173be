"""``imdb-score``: readers, writers and the command."""
