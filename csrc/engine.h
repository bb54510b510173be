/* The convolutional classifier on integers. What each word adds to each filter at each place of its
 * window is folded into one row a word; a window's value is then a sum of parts of its words' rows,
 * and a filter's feature the largest of its windows. The specification, line for line, is the
 * Python twin, imdb_runtime/engines/cnn_reference.py. */
#ifndef IMDB_ENGINE_H
#define IMDB_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMDB_LANES 32 /* filters in a block; those of each width are padded to whole blocks */
#define IMDB_MAX_BLOCKS 2 /* of a pass: their sums and maxima stay in registers */
#define IMDB_ROWS_AT_ONCE 16 /* rows filled together */
#define IMDB_WORDS_AHEAD 16 /* between the word whose window is summed and that whose row is fetched */

/* Up to two blocks of filters of one width: `wide` ones, whose values are of 16 bits, then `narrow`
 * ones, of 8. In a row, from `offset` bytes on, lie the wide values for the first place of the
 * window, then those for the second, and so on; and likewise the narrow ones from
 * `narrow_offset`. */
typedef struct {
    uint32_t width, wide, narrow;
    uint32_t offset, narrow_offset;
    uint32_t feature; /* the number of the first filter's feature */
} imdb_pass;

/* Weights of n-grams, found by their hash; see imdb_runtime/ngrams.py. */
typedef struct {
    uint32_t order;  /* words of the longest n-gram, 0 for none */
    uint32_t shift;  /* from the hash's WIDTH bits to a bucket */
    uint64_t mask;   /* 2^WIDTH - 1 */
    const uint64_t *multipliers; /* [order][order] */
    const void *weights;         /* float, or int8_t times `scale`; need not be aligned */
    bool small;
    float scale;
} imdb_ngrams;

typedef struct imdb_engine imdb_engine;

/* The instruction sets that the engine computes with. All give the same numbers. */
typedef struct {
    const char *name;
    /* Raise `maxima`, of the pass's filters, to their sums over `windows` windows. `rows` are those
     * of the words, and of IMDB_WORDS_AHEAD more. */
    void (*pass)(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                 int16_t *maxima);
    void (*fill)(const imdb_engine *engine, const int32_t *words, size_t count,
                 int16_t *scratch);
    /* For each of the pass's filters the first of `windows` windows, numbered from `first` on, whose
     * sum is that in `maxima`; `found` stays as it is where there is none. */
    void (*find)(const imdb_pass *pass, const uint8_t *const *rows, size_t windows, int32_t first,
                 const int16_t *maxima, int32_t *found);
} imdb_engine_tier;

/* The tiers that this machine has, the fastest first; NULL from the end on. */
const imdb_engine_tier *imdb_engine_tier_number(size_t number);

extern const imdb_engine_tier imdb_engine_scalar;
#if defined(__x86_64__)
extern const imdb_engine_tier imdb_engine_avx2;
#endif

/* A network; everything it points to but `rows` and `states` belongs to the caller and does not
 * change. */
struct imdb_engine {
    const imdb_engine_tier *tier;
    size_t words, dimension;
    const void *embedding;         /* [words][dimension] float, or int8_t times a scale a word */
    const void *embedding_scales;  /* float [words], or NULL; neither need be aligned */
    size_t blocks;                 /* of a row's values */
    float vector_limit;            /* the largest integer of a vector that is float */
    const int16_t *filters;        /* [blocks][pairs][IMDB_LANES][2]: pairs of dimensions */
    const float *filter_steps;     /* [blocks][IMDB_LANES]: what their integers are multiplied by */
    const float *centers, *steps;  /* [blocks][IMDB_LANES]; value = center + step * integer */
    const uint32_t *places;        /* [blocks]: where in the row, in bytes */
    const uint8_t *sizes;          /* [blocks]: bytes of a value */
    const float *limits;           /* [blocks]: the largest integer */
    const imdb_pass *passes;
    size_t pass_count, widest, features;
    const float *scales, *biases, *weights; /* [features] */
    float bias;
    imdb_ngrams ngrams;
    size_t stride;                 /* bytes of a row */
    uint8_t *rows;                 /* [words][stride], each filled when its word first occurs */
    _Atomic uint8_t *states;       /* [words] */
    _Atomic size_t missing;        /* rows not yet filled */
};

/* Half the dimension, rounded up. */
static inline size_t imdb_engine_pairs(const imdb_engine *engine) {
    return engine->dimension / 2 + engine->dimension % 2;
}

static inline uint8_t *imdb_engine_row(const imdb_engine *engine, int32_t word) {
    return engine->rows + (size_t)word * engine->stride;
}

/* Of a review of `count` words: one, followed by <pad>, where it is shorter than the filter. */
static inline size_t imdb_pass_windows(const imdb_pass *pass, size_t count) {
    return count < pass->width ? 1 : count - pass->width + 1;
}

/* Sets up `rows`, `states` and `missing`; false where memory is short. */
bool imdb_engine_start(imdb_engine *engine);

void imdb_engine_stop(imdb_engine *engine);

/* In a process just forked: rows that a thread of the parent was filling are nobody's again. */
void imdb_engine_after_fork(imdb_engine *engine);

/* Fill the rows of these words that are missing. Several threads may do so at once: each row is
 * filled by one of them, and all wait for those they need. `scratch` holds
 * IMDB_ROWS_AT_ONCE vectors of 2 * imdb_engine_pairs. */
void imdb_engine_prepare(imdb_engine *engine, const int32_t *ids, size_t count, int16_t *scratch);

/* The largest sum of each filter over a review's windows, int16_t [features]. The rows are there,
 * and ids[count .. ahead) are of words that come next. */
void imdb_engine_maxima(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                        int16_t *maxima);

/* The logit of a review; as imdb_engine_maxima, with `maxima` for scratch. */
float imdb_engine_logit(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                        int16_t *maxima);

/* The weight of one n-gram of `order` words; to be multiplied by `scale` where they are small. */
double imdb_ngram_weight(const imdb_ngrams *ngrams, const int32_t *ids, size_t order);

#endif
