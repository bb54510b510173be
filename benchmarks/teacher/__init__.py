"""The teacher whose soft labels the recipe ``best`` learns from: several members, stacked.

It never sees a test review, but for the one command that reports its figures. The whole of it, on
two cores (about an hour and a half, scikit-learn installed, ``vectors.txt`` from ``imdb-train vectors``):

    python -m benchmarks.teacher regions --out teacher/regions.safetensors
    python -m benchmarks.teacher network --vectors vectors.txt \
        --regions teacher/regions.safetensors --out teacher/members/network.safetensors
    python -m benchmarks.teacher ngrams --out teacher/members/ngrams.safetensors
    imdb-train lstm --recipe best --glove vectors.txt --out runs/lstm
    python -m benchmarks.teacher run runs/lstm --out teacher/members/lstm.safetensors
    python -m benchmarks.teacher label teacher/members/*.safetensors --out soft_labels.safetensors
"""
