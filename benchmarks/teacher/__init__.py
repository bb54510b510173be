"""The teacher whose soft labels the recipe ``best`` learns from: several members, stacked.

It never sees a test review, but for the one command that reports its figures. With
scikit-learn installed and ``vectors.txt`` from ``imdb-train vectors``, about an hour on two cores:

    python -m benchmarks.teacher regions --out teacher/regions.safetensors
    python -m benchmarks.teacher network --vectors vectors.txt \
        --regions teacher/regions.safetensors --seed 0 \
        --out teacher/members/network-0.safetensors  # and with seed 1: network-1
    python -m benchmarks.teacher ngrams --out teacher/members/ngrams.safetensors
    python -m benchmarks.teacher documents --out teacher/members/documents.safetensors
    python -m benchmarks.teacher label teacher/members/*.safetensors --out soft_labels.safetensors

``python -m benchmarks.teacher run RUN --out FILE`` makes a member of a run of ``imdb-train``: the
committed labels are of the second generation, by ``documents``, ``ngrams`` and a student of the
labels made without ``documents``, in which the networks no longer count.
"""
