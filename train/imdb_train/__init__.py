"""What makes a model: corpus, vocabulary, training, evaluation, explanation."""
