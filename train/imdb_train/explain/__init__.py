"""Why a score is what it is: Integrated Gradients, on the terminal and as a page."""
