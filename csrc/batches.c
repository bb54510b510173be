#define _DEFAULT_SOURCE
#include "batches.h"

#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* Bytes of text for each word, at the least that prose has: a first guess that is seldom too low. */
#define BYTES_A_WORD 4
#define HUGE_PAGE ((size_t)2 << 20)

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Ask for large pages: to touch a large array for the first time takes as long as to encode it
 * where each page of 4 KB is one fault. */
static void advise(const imdb_ids *ids) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    uintptr_t start = ((uintptr_t)ids->values + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uintptr_t end = (uintptr_t)(ids->values + ids->capacity) / HUGE_PAGE * HUGE_PAGE;
    if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)ids;
#endif
}

static bool reserve(imdb_ids *ids, size_t more) {
    if (ids->capacity - ids->used >= more) return true;
    size_t capacity = 2 * ids->capacity;
    if (capacity < ids->used + more) capacity = ids->used + more;
    int32_t *values = realloc(ids->values, capacity * sizeof *values);
    if (!values) return false;
    ids->values = values;
    ids->capacity = capacity;
    advise(ids);
    return true;
}

bool imdb_encode_texts(const imdb_vocabulary *vocabulary, imdb_scheme scheme,
                       const imdb_texts *texts, size_t max_length, imdb_ids *ids, int64_t *offsets,
                       int64_t *counts) {
    size_t expected = 0;
    for (size_t i = 0; i < texts->count; i++)
        expected += least(texts->sizes[i] / BYTES_A_WORD, max_length);
    uint8_t *scratch = malloc(imdb_scratch_size(texts->longest));
    bool enough = scratch && reserve(ids, expected);
    offsets[0] = (int64_t)ids->used;
    for (size_t i = 0; enough && i < texts->count; i++) {
        /* A word takes at least one byte. */
        enough = reserve(ids, least(texts->sizes[i], max_length));
        if (!enough) break;
        size_t words = imdb_encode(vocabulary, scheme, texts->starts[i], texts->sizes[i], scratch,
                                   ids->values + ids->used, max_length);
        ids->used += least(words, max_length);
        counts[i] = (int64_t)words;
        offsets[i + 1] = (int64_t)ids->used;
    }
    free(scratch);
    return enough;
}

void imdb_ids_fit(imdb_ids *ids) {
    int32_t *values = realloc(ids->values, (ids->used ? ids->used : 1) * sizeof *values);
    if (!values) return;
    ids->values = values;
    ids->capacity = ids->used;
}
