from cython.view cimport array

cdef extern from "vocabulary.h" nogil:
    ctypedef struct imdb_vocabulary:
        pass
    ctypedef struct imdb_tier:
        const char *name
    imdb_vocabulary *imdb_vocabulary_new(const uint8_t *bytes, const int64_t *offsets, size_t count,
                                         const imdb_tier *tier)
    void imdb_vocabulary_free(imdb_vocabulary *vocabulary)
    int32_t imdb_vocabulary_find(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size)

cdef extern from "tiers.h" nogil:
    const imdb_tier *imdb_tier_number(size_t number)

cdef extern from "tokenizer.h" nogil:
    ctypedef int imdb_scheme
    ctypedef struct imdb_scanner:
        pass
    size_t imdb_scratch_size(size_t size)
    void imdb_scanner_start(imdb_scanner *scanner, imdb_scheme scheme, const uint8_t *text,
                            size_t size, uint8_t *scratch)
    bint imdb_scanner_next(imdb_scanner *scanner, const uint8_t **word, size_t *size)

cdef extern from "batches.h" nogil:
    ctypedef struct imdb_ids:
        int32_t *values
        size_t used, capacity
    bint imdb_encode_texts(const imdb_vocabulary *vocabulary, imdb_scheme scheme,
                           const imdb_texts *texts, size_t max_length, imdb_ids *ids,
                           int64_t *offsets, int64_t *counts)
    void imdb_ids_fit(imdb_ids *ids)


cdef const imdb_tier *tier_named(str name) except NULL:
    cdef size_t number = 0
    while imdb_tier_number(number) != NULL:
        if imdb_tier_number(number).name.decode() == name:
            return imdb_tier_number(number)
        number += 1
    raise ValueError(f"this machine has no tier {name!r}")


cdef const imdb_tier *usual_tier = imdb_tier_number(0)


def tiers():
    names = []
    while imdb_tier_number(len(names)) != NULL:
        names.append(imdb_tier_number(len(names)).name.decode())
    return tuple(names)


def use_tier(str name not None):
    global usual_tier
    usual_tier = tier_named(name)


cdef class WordTable:
    cdef imdb_vocabulary *vocabulary

    def __cinit__(self, words not None, str tier=None):
        cdef const imdb_tier *chosen = usual_tier if tier is None else tier_named(tier)
        cdef bytes joined = b"".join(words)
        cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(joined)
        offsets = np.zeros(len(words) + 1, dtype=np.int64)
        np.cumsum([len(word) for word in words], out=offsets[1:])
        cdef int64_t[::1] view = offsets
        self.vocabulary = imdb_vocabulary_new(start, &view[0], len(words), chosen)
        if self.vocabulary == NULL:
            raise MemoryError("no memory for the vocabulary")

    def __dealloc__(self):
        imdb_vocabulary_free(self.vocabulary)

    def find(self, str word not None):
        cdef bytes content = word.encode("utf-8", "surrogatepass")
        return imdb_vocabulary_find(
            self.vocabulary, <const uint8_t *>PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content))


def words(bytes text not None, imdb_scheme scheme):
    cdef size_t size = PyBytes_GET_SIZE(text)
    cdef uint8_t *scratch = <uint8_t *>malloc(imdb_scratch_size(size))
    if scratch == NULL:
        raise MemoryError("no memory for a text of this size")
    cdef imdb_scanner scanner
    cdef const uint8_t *word
    cdef size_t word_size
    cdef list found = []
    try:
        imdb_scanner_start(&scanner, scheme, <const uint8_t *>PyBytes_AS_STRING(text), size, scratch)
        while imdb_scanner_next(&scanner, &word, &word_size):
            found.append(PyUnicode_DecodeUTF8(<const char *>word, word_size, NULL))
    finally:
        free(scratch)
    return found


cdef take(imdb_ids *ids):
    """The ids as an array, which owns them from now on."""
    imdb_ids_fit(ids)
    if ids.used == 0:
        return np.empty(0, dtype=np.int32)
    cdef array owner = <int32_t[:ids.used]>ids.values
    owner.callback_free_data = free
    ids.values = NULL
    return np.asarray(owner)


def encode(WordTable table not None, texts, imdb_scheme scheme, size_t max_length):
    cdef Texts held = view_texts(texts)
    cdef size_t count = held.view.count
    cdef imdb_ids ids = imdb_ids(NULL, 0, 0)
    cdef int64_t[::1] offsets = np.empty(count + 1, dtype=np.int64)
    cdef int64_t[::1] counts = np.empty(max(count, <size_t>1), dtype=np.int64)
    cdef bint done
    try:
        with nogil:
            done = imdb_encode_texts(
                table.vocabulary, scheme, &held.view, max_length, &ids, &offsets[0], &counts[0])
        if not done:
            raise MemoryError("no memory for a batch of this size")
        result = take(&ids)
    finally:
        free(ids.values)
    return result, np.asarray(offsets), np.asarray(counts)[:count]


ctypedef fused Number:
    int32_t
    int64_t


cdef void fill(Number *padded, size_t width, const int32_t *ids, const int64_t *offsets,
               const int64_t *rows, size_t count) noexcept nogil:
    cdef size_t place, i, length
    cdef const int32_t *row
    for place in range(count):
        row = ids + offsets[rows[place]]
        length = offsets[rows[place] + 1] - offsets[rows[place]]
        for i in range(length):
            padded[place * width + i] = row[i]
        memset(padded + place * width + length, 0, (width - length) * sizeof(Number))


def pad(ids not None, offsets not None, rows not None, bint wide):
    cdef const int32_t[::1] all_ids = ids
    cdef const int64_t[::1] all_offsets = offsets
    cdef const int64_t[::1] picked = np.ascontiguousarray(rows, dtype=np.int64)
    if len(picked) and not (0 <= np.min(rows) and np.max(rows) < len(offsets) - 1):
        raise IndexError("a row is outside the encoded texts")
    lengths = np.asarray(offsets)[rows + 1] - np.asarray(offsets)[rows]
    cdef size_t count = len(picked), width = lengths.max(initial=0)
    padded = np.empty((count, width), dtype=np.int64 if wide else np.int32)
    cdef int32_t[:, ::1] narrow_view
    cdef int64_t[:, ::1] wide_view
    if padded.size == 0:
        return padded, lengths
    if wide:
        wide_view = padded
        with nogil:
            fill(&wide_view[0, 0], width, &all_ids[0], &all_offsets[0], &picked[0], count)
    else:
        narrow_view = padded
        with nogil:
            fill(&narrow_view[0, 0], width, &all_ids[0], &all_offsets[0], &picked[0], count)
    return padded, lengths
