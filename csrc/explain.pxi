cdef extern from "explain.h" nogil:
    ctypedef struct imdb_explain_scratch:
        int16_t *maxima
        int32_t *windows
    void imdb_explain(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                      imdb_explain_scratch scratch, float *attributions, float *logit,
                      float *baseline)


def explain_cnn(Cnn cnn not None, encoded not None):
    """Attributions, float32 [words of all texts]; logits and those of padding, float32 [n]."""
    ids, offsets = cnn.checked(encoded)
    attributions = np.empty(len(ids), dtype=np.float32)
    logits = np.empty(len(offsets) - 1, dtype=np.float32)
    baselines = np.empty(len(offsets) - 1, dtype=np.float32)
    windows = np.empty(cnn.engine.features, dtype=np.int32)
    cdef const int32_t *start = <const int32_t *>start_of(ids)
    cdef const int64_t *ends = <const int64_t *>start_of(offsets)
    cdef float *to = <float *>start_of(attributions)
    cdef float *logit = <float *>start_of(logits)
    cdef float *baseline = <float *>start_of(baselines)
    cdef size_t i, count = len(logits), total = len(ids)
    cdef Workspace workspace = cnn.workspace()
    cdef imdb_explain_scratch scratch
    scratch.maxima = workspace.maxima
    scratch.windows = <int32_t *>start_of(windows)
    with nogil:
        imdb_engine_prepare(&cnn.engine, start, total, workspace.scratch)
        for i in range(count):
            imdb_explain(&cnn.engine, start + ends[i], ends[i + 1] - ends[i], total - ends[i],
                         scratch, to + ends[i], logit + i, baseline + i)
    cnn.spare.append(workspace)
    return attributions, logits, baselines
