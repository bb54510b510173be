"""What a review can be."""

LABELS = ("neg", "pos")  # in the order of their numbers, 0 and 1
