cdef extern from "engine.h" nogil:
    enum:
        IMDB_ROWS_AT_ONCE
    ctypedef struct imdb_pass:
        uint32_t width, wide, narrow, offset, narrow_offset, feature
    ctypedef struct imdb_ngrams:
        uint32_t order, shift
        uint64_t mask
        const uint64_t *multipliers
        const void *weights
        bint small
        float scale
    ctypedef struct imdb_engine_tier:
        const char *name
    ctypedef struct imdb_engine:
        const imdb_engine_tier *tier
        size_t words, dimension, blocks, pass_count, widest, features, stride
        const void *embedding
        const void *embedding_scales
        float vector_limit
        const int16_t *filters
        const float *filter_steps
        const float *centers
        const float *steps
        const uint32_t *places
        const uint8_t *sizes
        const float *limits
        const imdb_pass *passes
        const float *scales
        const float *biases
        const float *weights
        float bias
        imdb_ngrams ngrams
    size_t imdb_engine_pairs(const imdb_engine *engine)
    const imdb_engine_tier *imdb_engine_tier_number(size_t number)
    bint imdb_engine_start(imdb_engine *engine)
    void imdb_engine_stop(imdb_engine *engine)
    void imdb_engine_after_fork(imdb_engine *engine)
    void imdb_engine_prepare(imdb_engine *engine, const int32_t *ids, size_t count,
                             int16_t *scratch)
    void imdb_engine_maxima(const imdb_engine *engine, const int32_t *ids, size_t count,
                            size_t ahead, int16_t *maxima)
    float imdb_engine_logit(const imdb_engine *engine, const int32_t *ids, size_t count,
                            size_t ahead, int16_t *maxima)

cdef extern from "explain.h" nogil:
    ctypedef struct imdb_explain_scratch:
        int16_t *maxima
        int32_t *windows
    void imdb_explain(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                      imdb_explain_scratch scratch, float *attributions, float *logit,
                      float *baseline)


# Bytes of text that are encoded before they are scored: their ids stay in the cache.
cdef enum:
    BYTES_AT_ONCE = 1 << 16


def engine_tiers():
    names = []
    while imdb_engine_tier_number(len(names)) != NULL:
        names.append(imdb_engine_tier_number(len(names)).name.decode())
    return tuple(names)


def as_texts(texts):
    return view_texts(texts)


def cut_texts(Texts texts not None, size_t pieces, size_t least_bytes):
    """Where to cut texts into at most so many pieces of like size: numbers of texts, ascending."""
    cdef size_t i, total = 0, seen = 0, count = texts.view.count
    for i in range(count):
        total += texts.view.sizes[i] + 1
    pieces = max(<size_t>1, min(pieces, total // least_bytes))
    cdef list cuts = [0]
    for i in range(count):
        seen += texts.view.sizes[i] + 1
        if seen * pieces >= total * <size_t>len(cuts):
            cuts.append(i + 1)
    return cuts if count else [0, 0]


# The memory that a thread computes in.
cdef class Workspace:
    cdef imdb_ids ids
    cdef int64_t *offsets
    cdef size_t offsets_size
    cdef int16_t *maxima
    cdef int16_t *scratch

    def __cinit__(self, size_t features, size_t pairs):
        self.maxima = <int16_t *>malloc(features * sizeof(int16_t))
        self.scratch = <int16_t *>malloc(IMDB_ROWS_AT_ONCE * 2 * pairs * sizeof(int16_t))
        if self.maxima == NULL or self.scratch == NULL:
            raise MemoryError("no memory for the engine")

    def __dealloc__(self):
        free(self.ids.values)
        free(self.offsets)
        free(self.maxima)
        free(self.scratch)

    cdef bint reserve_offsets(self, size_t count) noexcept nogil:
        if count <= self.offsets_size:
            return True
        cdef int64_t *offsets = <int64_t *>realloc(self.offsets, count * sizeof(int64_t))
        if offsets == NULL:
            return False
        self.offsets = offsets
        self.offsets_size = count
        return True


cdef const void *start_of(array):
    return <const void *><uintptr_t>array.ctypes.data


cdef class Cnn:
    cdef imdb_engine engine
    # The arrays that the engine points into, and workspaces that no thread computes in.
    cdef object held
    cdef list spare

    def __cinit__(self, plan not None, str tier=None):
        cdef imdb_engine *engine = &self.engine
        weights = plan.weights
        self.spare = []
        engine.words, engine.dimension = weights.embedding.shape
        engine.blocks = len(plan.steps)
        engine.pass_count = len(plan.passes)
        engine.widest = max(weights.widths)
        engine.features = plan.features
        engine.stride = plan.stride
        engine.bias = weights.output_bias
        passes = np.array(plan.passes, dtype=np.uint32)
        arrays = {
            "filter_steps": plan.filter_steps, "centers": plan.centers, "steps": plan.steps,
            "limits": plan.limits, "scales": plan.scales, "biases": plan.biases,
            "weights": plan.output_weights,
        }
        for name, array in arrays.items():
            if array.dtype != np.float32 or not array.flags.c_contiguous:
                raise ValueError(f"{name} are not float32 end to end")
        if plan.filters.dtype != np.int16 or not plan.filters.flags.c_contiguous:
            raise ValueError("filters are not int16 end to end")
        self.held = (plan, passes, arrays)
        engine.embedding = start_of(weights.embedding)
        if weights.embedding_scales is not None:
            engine.embedding_scales = start_of(weights.embedding_scales)
        engine.vector_limit = plan.vector_limit
        engine.filters = <const int16_t *>start_of(plan.filters)
        engine.filter_steps = <const float *>start_of(plan.filter_steps)
        engine.centers = <const float *>start_of(plan.centers)
        engine.steps = <const float *>start_of(plan.steps)
        engine.places = <const uint32_t *>start_of(plan.places)
        engine.sizes = <const uint8_t *>start_of(plan.sizes)
        engine.limits = <const float *>start_of(plan.limits)
        engine.passes = <const imdb_pass *>start_of(passes)
        engine.scales = <const float *>start_of(plan.scales)
        engine.biases = <const float *>start_of(plan.biases)
        engine.weights = <const float *>start_of(plan.output_weights)
        if weights.ngrams is not None:
            self.set_ngrams(weights.ngrams)
        self.choose_tier(tier)
        if not imdb_engine_start(engine):
            raise MemoryError("no memory for the rows of the vocabulary")

    def __dealloc__(self):
        imdb_engine_stop(&self.engine)

    cdef set_ngrams(self, ngrams):
        cdef imdb_ngrams *to = &self.engine.ngrams
        multipliers = ngrams.multipliers
        self.held = (*self.held, multipliers)
        to.order = ngrams.order
        to.mask, to.shift = ngrams.mask, ngrams.shift
        to.multipliers = <const uint64_t *>start_of(multipliers)
        to.weights = start_of(ngrams.weights)
        to.small = ngrams.weights.itemsize == 1
        to.scale = ngrams.scale

    cdef choose_tier(self, str name):
        cdef size_t number = 0
        # Of the tokenizer's tiers the engine may not have all.
        cdef str wanted = usual_tier.name.decode() if name is None else name
        self.engine.tier = NULL
        while imdb_engine_tier_number(number) != NULL:
            if imdb_engine_tier_number(number).name.decode() == wanted:
                self.engine.tier = imdb_engine_tier_number(number)
            number += 1
        if self.engine.tier == NULL:
            if name is not None:
                raise ValueError(f"this machine has no tier {name!r}")
            self.engine.tier = imdb_engine_tier_number(0)

    @property
    def tier(self):
        return self.engine.tier.name.decode()

    def after_fork(self):
        imdb_engine_after_fork(&self.engine)

    cdef Workspace workspace(self):
        # Pop and append are each one step under the GIL and without it.
        try:
            return self.spare.pop()
        except IndexError:
            return Workspace(self.engine.features, imdb_engine_pairs(&self.engine))

    def maxima(self, encoded not None):
        ids, offsets = self.checked(encoded)
        found = np.empty((len(offsets) - 1, self.engine.features), dtype=np.int16)
        cdef const int32_t *start = <const int32_t *>start_of(ids)
        cdef const int64_t *ends = <const int64_t *>start_of(offsets)
        cdef int16_t *out = <int16_t *>start_of(found)
        cdef size_t i, count = len(found), total = len(ids)
        cdef Workspace workspace = self.workspace()
        with nogil:
            imdb_engine_prepare(&self.engine, start, total, workspace.scratch)
            for i in range(count):
                imdb_engine_maxima(&self.engine, start + ends[i], ends[i + 1] - ends[i],
                                   total - ends[i], out + i * self.engine.features)
        self.spare.append(workspace)
        return found

    def logits(self, encoded not None):
        ids, offsets = self.checked(encoded)
        found = np.empty(len(offsets) - 1, dtype=np.float32)
        cdef const int32_t *start = <const int32_t *>start_of(ids)
        cdef const int64_t *ends = <const int64_t *>start_of(offsets)
        cdef float *out = <float *>start_of(found)
        cdef size_t count = len(found)
        cdef Workspace workspace = self.workspace()
        with nogil:
            self.score(workspace, start, ends, count, out)
        self.spare.append(workspace)
        return found

    def explain(self, encoded not None):
        ids, offsets = self.checked(encoded)
        attributions = np.empty(len(ids), dtype=np.float32)
        logits = np.empty(len(offsets) - 1, dtype=np.float32)
        baselines = np.empty(len(offsets) - 1, dtype=np.float32)
        windows = np.empty(self.engine.features, dtype=np.int32)
        cdef const int32_t *start = <const int32_t *>start_of(ids)
        cdef const int64_t *ends = <const int64_t *>start_of(offsets)
        cdef float *out = <float *>start_of(attributions)
        cdef float *logit = <float *>start_of(logits)
        cdef float *baseline = <float *>start_of(baselines)
        cdef size_t i, count = len(logits), total = len(ids)
        cdef Workspace workspace = self.workspace()
        cdef imdb_explain_scratch scratch
        scratch.maxima = workspace.maxima
        scratch.windows = <int32_t *>start_of(windows)
        with nogil:
            imdb_engine_prepare(&self.engine, start, total, workspace.scratch)
            for i in range(count):
                imdb_explain(&self.engine, start + ends[i], ends[i + 1] - ends[i],
                             total - ends[i], scratch, out + ends[i], logit + i, baseline + i)
        self.spare.append(workspace)
        return attributions, logits, baselines

    cdef checked(self, encoded):
        ids = np.ascontiguousarray(encoded.ids, dtype=np.int32)
        offsets = np.ascontiguousarray(encoded.offsets, dtype=np.int64)
        if len(ids) and not (0 <= ids.min() and ids.max() < <int64_t>self.engine.words):
            raise IndexError("an id is not of the vocabulary")
        if offsets[0] != 0 or offsets[len(offsets) - 1] != len(ids) or (np.diff(offsets) < 0).any():
            raise IndexError("the offsets are not those of the ids")
        return ids, offsets

    cdef void score(self, Workspace workspace, const int32_t *ids, const int64_t *offsets,
                    size_t count, float *logits) noexcept nogil:
        cdef size_t i, total = offsets[count]
        imdb_engine_prepare(&self.engine, ids, total, workspace.scratch)
        for i in range(count):
            logits[i] = imdb_engine_logit(
                &self.engine, ids + offsets[i], offsets[i + 1] - offsets[i], total - offsets[i],
                workspace.maxima)

    cdef bint score_view(self, Workspace workspace, const imdb_vocabulary *vocabulary,
                         imdb_scheme scheme, size_t max_length, const imdb_texts *texts,
                         float *logits, int64_t *counts) noexcept nogil:
        """The logit and the words of each text; False where memory is short."""
        cdef size_t first = 0, bytes
        cdef imdb_texts some
        while first < texts.count:
            some.starts, some.sizes = texts.starts + first, texts.sizes + first
            some.count = some.longest = bytes = 0
            while first + some.count < texts.count and bytes < BYTES_AT_ONCE:
                some.longest = max(some.longest, some.sizes[some.count])
                bytes += some.sizes[some.count] + 1
                some.count += 1
            workspace.ids.used = 0
            if not workspace.reserve_offsets(some.count + 1):
                return False
            if not imdb_encode_texts(vocabulary, scheme, &some, max_length, &workspace.ids,
                                     workspace.offsets, counts + first):
                return False
            self.score(workspace, workspace.ids.values, workspace.offsets, some.count,
                       logits + first)
            first += some.count
        return True

    def score_texts(self, WordTable table not None, Texts texts not None, imdb_scheme scheme,
                    size_t max_length, size_t first, size_t stop, logits not None,
                    counts not None):
        if not first <= stop <= texts.view.count == <size_t>len(logits) == <size_t>len(counts):
            raise IndexError("the texts and what is asked of them do not fit")
        cdef float[::1] all_logits = logits
        cdef int64_t[::1] all_counts = counts
        cdef imdb_texts some
        cdef Workspace workspace
        cdef bint done = True
        if first == stop:
            return
        workspace = self.workspace()
        some.starts, some.sizes = texts.view.starts + first, texts.view.sizes + first
        some.count, some.longest = stop - first, texts.view.longest
        with nogil:
            done = self.score_view(workspace, table.vocabulary, scheme, max_length, &some,
                                   &all_logits[first], &all_counts[first])
        if not done:
            raise MemoryError("no memory for a batch of this size")
        self.spare.append(workspace)
