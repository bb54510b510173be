"""What each word of a review adds to its score.

The methods and what holds of each: docs/explanations.md.
"""

from imdb_runtime.explanations.explanation import Explanation, true_labels

__all__ = ["Explanation", "true_labels"]
