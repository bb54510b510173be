#define _DEFAULT_SOURCE
#include "engine.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vocabulary.h"

enum { ABSENT, CLAIMED, READY };
/* Windows of each pass before the next pass, while their rows are in the L1 cache. */
enum { WINDOWS_AT_ONCE = 32 };
enum { NGRAMS_AT_ONCE = 64 };

const imdb_engine_tier *imdb_engine_tier_number(size_t number) {
    const imdb_engine_tier *tiers[2];
    size_t count = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) tiers[count++] = &imdb_engine_avx2;
#endif
    tiers[count++] = &imdb_engine_scalar;
    return number < count ? tiers[number] : NULL;
}

bool imdb_engine_start(imdb_engine *engine) {
    /* Pages that no row touches take no memory. */
    size_t size = engine->words * engine->stride;
    void *rows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    engine->rows = rows == MAP_FAILED ? NULL : rows;
    engine->states = calloc(engine->words, sizeof *engine->states);
    engine->missing = engine->words;
    if (engine->rows == NULL || engine->states == NULL) {
        imdb_engine_stop(engine);
        return false;
    }
#if defined(MADV_HUGEPAGE)
    /* Only a hint: rows are read all over the table, which would miss the TLB. */
    madvise(rows, size, MADV_HUGEPAGE);
#endif
    return true;
}

void imdb_engine_stop(imdb_engine *engine) {
    if (engine->rows != NULL) munmap(engine->rows, engine->words * engine->stride);
    free((void *)engine->states);
    engine->rows = NULL;
    engine->states = NULL;
}

void imdb_engine_after_fork(imdb_engine *engine) {
    for (size_t word = 0; word < engine->words; word++)
        if (engine->states[word] == CLAIMED) engine->states[word] = ABSENT;
}

static void fill_claimed(imdb_engine *engine, const int32_t *words, size_t count, int16_t *scratch) {
    engine->tier->fill(engine, words, count, scratch);
    for (size_t i = 0; i < count; i++)
        atomic_store_explicit(&engine->states[words[i]], READY, memory_order_release);
    atomic_fetch_sub(&engine->missing, count);
}

static uint8_t state_of(imdb_engine *engine, int32_t word) {
    return atomic_load_explicit(&engine->states[word], memory_order_acquire);
}

void imdb_engine_prepare(imdb_engine *engine, const int32_t *ids, size_t count, int16_t *scratch) {
    if (atomic_load_explicit(&engine->missing, memory_order_acquire) == 0) return;
    int32_t claimed[IMDB_ROWS_AT_ONCE];
    size_t claims = 0;
    bool others = false;
    for (size_t i = 0; i <= count; i++) {
        int32_t word = i < count ? ids[i] : IMDB_PADDING_ID; /* short reviews end with it */
        uint8_t state = state_of(engine, word);
        if (state == READY) continue;
        if (state == ABSENT &&
            atomic_compare_exchange_strong(&engine->states[word], &state, CLAIMED)) {
            claimed[claims++] = word;
            if (claims < IMDB_ROWS_AT_ONCE) continue;
            fill_claimed(engine, claimed, claims, scratch);
            claims = 0;
        } else {
            others = true;
        }
    }
    if (claims) fill_claimed(engine, claimed, claims, scratch);
    if (!others) return;
    for (size_t i = 0; i <= count; i++)
        while (state_of(engine, i < count ? ids[i] : IMDB_PADDING_ID) != READY) sched_yield();
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The rows of words[0 .. count), filled up with that of the last one. */
static void find_rows(const imdb_engine *engine, const int32_t *words, size_t count, size_t needed,
                      const uint8_t **rows) {
    size_t some = smaller(count, needed);
    for (size_t i = 0; i < some; i++) rows[i] = imdb_engine_row(engine, words[i]);
    for (size_t i = some; i < needed; i++) rows[i] = rows[some - 1];
}

static void maxima_of_words(const imdb_engine *engine, const int32_t *ids, size_t count,
                            size_t ahead, int16_t *maxima) {
    const uint8_t *rows[WINDOWS_AT_ONCE + UINT8_MAX + IMDB_WORDS_AHEAD];
    for (size_t start = 0; start < count; start += WINDOWS_AT_ONCE) {
        find_rows(engine, ids + start, ahead - start,
                  WINDOWS_AT_ONCE + engine->widest + IMDB_WORDS_AHEAD, rows);
        for (size_t i = 0; i < engine->pass_count; i++) {
            const imdb_pass *pass = engine->passes + i;
            size_t windows = imdb_pass_windows(pass, count);
            if (windows <= start) continue;
            engine->tier->pass(pass, rows, smaller(windows - start, WINDOWS_AT_ONCE),
                               maxima + pass->feature);
        }
    }
}

/* A filter sees the one window of a review shorter than it, followed by <pad>. */
static void maxima_of_few_words(const imdb_engine *engine, const int32_t *ids, size_t count,
                                int16_t *maxima) {
    int32_t padded[UINT8_MAX + 1] = {IMDB_PADDING_ID};
    const uint8_t *rows[UINT8_MAX + 1 + IMDB_WORDS_AHEAD];
    memcpy(padded, ids, count * sizeof *ids);
    find_rows(engine, padded, engine->widest, engine->widest + IMDB_WORDS_AHEAD, rows);
    for (size_t i = 0; i < engine->pass_count; i++) {
        const imdb_pass *pass = engine->passes + i;
        engine->tier->pass(pass, rows, imdb_pass_windows(pass, count), maxima + pass->feature);
    }
}

void imdb_engine_maxima(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                        int16_t *maxima) {
    for (size_t i = 0; i < engine->features; i++) maxima[i] = INT16_MIN;
    if (count < engine->widest)
        maxima_of_few_words(engine, ids, count, maxima);
    else
        maxima_of_words(engine, ids, count, ahead, maxima);
}

/* In lanes, as nothing says in which order a compiler's own vectors would be added. */
static float linear(const imdb_engine *engine, const int16_t *maxima) {
    float sums[8] = {0};
    for (size_t i = 0; i < engine->features; i += 8) {
        for (size_t lane = 0; lane < 8; lane++) {
            size_t f = i + lane;
            float feature = (float)maxima[f] * engine->scales[f] + engine->biases[f];
            sums[lane] += (feature > 0 ? feature : 0) * engine->weights[f];
        }
    }
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static uint64_t bucket_of(const imdb_ngrams *ngrams, const int32_t *ids, size_t order) {
    const uint64_t *multipliers = ngrams->multipliers + (order - 1) * ngrams->order;
    uint64_t sum = 0;
    for (size_t i = 0; i < order; i++) sum += (uint64_t)ids[i] * multipliers[i];
    return (sum & ngrams->mask) >> ngrams->shift;
}

static const char *weight_in(const imdb_ngrams *ngrams, uint64_t bucket) {
    return (const char *)ngrams->weights + bucket * (ngrams->small ? 1 : sizeof(float));
}

static double weight_at(const imdb_ngrams *ngrams, uint64_t bucket) {
    const char *place = weight_in(ngrams, bucket);
    if (ngrams->small) return *(const int8_t *)place;
    float weight;
    memcpy(&weight, place, sizeof weight);
    return weight;
}

double imdb_ngram_weight(const imdb_ngrams *ngrams, const int32_t *ids, size_t order) {
    return weight_at(ngrams, bucket_of(ngrams, ids, order));
}

/* The weights of the n-grams of `order` words, summed; each is fetched before any is added. */
static double sum_ngrams(const imdb_ngrams *ngrams, const int32_t *ids, size_t count,
                         size_t order) {
    double sum = 0;
    if (count < order) return 0;
    size_t last = count - order + 1;
    for (size_t start = 0; start < last; start += NGRAMS_AT_ONCE) {
        uint64_t buckets[NGRAMS_AT_ONCE];
        size_t some = smaller(NGRAMS_AT_ONCE, last - start);
        for (size_t i = 0; i < some; i++) {
            buckets[i] = bucket_of(ngrams, ids + start + i, order);
            __builtin_prefetch(weight_in(ngrams, buckets[i]));
        }
        for (size_t i = 0; i < some; i++) sum += weight_at(ngrams, buckets[i]);
    }
    return sum;
}

static double ngram_term(const imdb_ngrams *ngrams, const int32_t *ids, size_t count) {
    double total = 0;
    for (size_t order = 1; order <= ngrams->order; order++)
        total += sum_ngrams(ngrams, ids, count, order);
    if (ngrams->small) total *= ngrams->scale;
    return total / sqrt((double)(count ? count : 1));
}

float imdb_engine_logit(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                        int16_t *maxima) {
    imdb_engine_maxima(engine, ids, count, ahead, maxima);
    float logit = linear(engine, maxima) + engine->bias;
    if (engine->ngrams.order) logit += (float)ngram_term(&engine->ngrams, ids, count);
    return logit;
}
