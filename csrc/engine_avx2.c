/* The engine's tier for AVX2: a pass keeps its sums and maxima in registers. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "engine_windows.h"

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((always_inline, target("avx2")))

enum { HALF = IMDB_LANES / 2, LINE = 64 };

/* A block's 32 integers of 16 bits. */
typedef struct {
    __m256i low, high;
} block;

AVX2_INLINE block add(block a, block b) {
    return (block){_mm256_add_epi16(a.low, b.low), _mm256_add_epi16(a.high, b.high)};
}

AVX2_INLINE block larger(block a, block b) {
    return (block){_mm256_max_epi16(a.low, b.low), _mm256_max_epi16(a.high, b.high)};
}

AVX2_INLINE __m256i load(const void *place) { return _mm256_loadu_si256(place); }

AVX2_INLINE block load_wide(const uint8_t *place) {
    return (block){load(place), load(place + HALF * sizeof(int16_t))};
}

/* The sums of two blocks of bytes, in the order in which _mm256_unpack gives them: bytes 0 to 7 and
 * 16 to 23, then the others. A multiplication by one adds neighbours, and widens them. */
AVX2_INLINE block add_narrow(__m256i a, __m256i b) {
    const __m256i one = _mm256_set1_epi8(1);
    return (block){_mm256_maddubs_epi16(one, _mm256_unpacklo_epi8(a, b)),
                   _mm256_maddubs_epi16(one, _mm256_unpackhi_epi8(a, b))};
}

/* Between that order and the usual one, which undoes itself. */
AVX2_INLINE block reorder(block a) {
    return (block){_mm256_permute2x128_si256(a.low, a.high, 0x20),
                   _mm256_permute2x128_si256(a.low, a.high, 0x31)};
}

AVX2_INLINE block load_maxima(const int16_t *maxima, bool narrow) {
    block loaded = {load(maxima), load(maxima + HALF)};
    return narrow ? reorder(loaded) : loaded;
}

AVX2_INLINE void store_maxima(int16_t *maxima, block largest, bool narrow) {
    if (narrow) largest = reorder(largest);
    _mm256_storeu_si256((__m256i *)maxima, largest.low);
    _mm256_storeu_si256((__m256i *)(maxima + HALF), largest.high);
}

/* The parts of two rows for two places of a window, or of one row for the last place. */
typedef struct {
    const uint8_t *wide, *narrow, *next_wide, *next_narrow;
    bool paired;
} places;

AVX2_INLINE block add_places(block sums, places at, bool wide, size_t number) {
    if (!wide) {
        number *= IMDB_LANES;
        __m256i next = at.paired ? load(at.next_narrow + number) : _mm256_setzero_si256();
        return add(sums, add_narrow(load(at.narrow + number), next));
    }
    number *= IMDB_LANES * sizeof(int16_t);
    sums = add(sums, load_wide(at.wide + number));
    return at.paired ? add(sums, load_wide(at.next_wide + number)) : sums;
}

AVX2_INLINE places places_of(const imdb_pass *pass, const uint8_t *const *rows, size_t place,
                             unsigned width, unsigned wide, unsigned narrow) {
    const size_t wide_step = wide * IMDB_LANES * sizeof(int16_t), narrow_step = narrow * IMDB_LANES;
    const bool paired = place + 1 < width;
    const uint8_t *row = rows[place], *next = paired ? rows[place + 1] : row;
    return (places){row + pass->offset + place * wide_step,
                    row + pass->narrow_offset + place * narrow_step,
                    next + pass->offset + (place + 1) * wide_step,
                    next + pass->narrow_offset + (place + 1) * narrow_step, paired};
}

/* With `width`, `wide` and `narrow` known, no loop but that over the windows is left. */
AVX2_INLINE void sum_windows(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                             int16_t *maxima, unsigned width, unsigned wide, unsigned narrow) {
    const size_t bytes = (size_t)width * IMDB_LANES * (wide * sizeof(int16_t) + narrow);
    const bool both = wide + narrow == 2;
    const uint8_t *const *end = rows + windows;
    block largest = load_maxima(maxima, wide == 0), other = {0};
    if (both) other = load_maxima(maxima + IMDB_LANES, wide < 2);
    for (; rows < end; rows++) {
        const uint8_t *ahead = rows[IMDB_WORDS_AHEAD] + pass->offset;
#define FETCH(line) if (bytes > (line) * LINE) _mm_prefetch(ahead + (line) * LINE, _MM_HINT_T0)
        FETCH(0); FETCH(1); FETCH(2); FETCH(3); FETCH(4);
        FETCH(5); FETCH(6); FETCH(7); FETCH(8); FETCH(9);
        block sums = {_mm256_setzero_si256(), _mm256_setzero_si256()}, other_sums = sums;
#define ADD_PLACES(place)                                                                         \
    do {                                                                                          \
        const places at = places_of(pass, rows, place, width, wide, narrow);                      \
        sums = add_places(sums, at, wide > 0, 0);                                                 \
        if (both) other_sums = add_places(other_sums, at, wide > 1, wide != 1);                   \
    } while (0)
        ADD_PLACES(0);
        if (width > 2) ADD_PLACES(2);
        if (width > 4) ADD_PLACES(4);
        for (size_t place = 6; place < width; place += 2) ADD_PLACES(place);
        largest = larger(largest, sums);
        if (both) other = larger(other, other_sums);
    }
    store_maxima(maxima, largest, wide == 0);
    if (both) store_maxima(maxima + IMDB_LANES, other, wide < 2);
}

#define SUM(width, wide, narrow)                                                                  \
    sum_windows(pass, rows, windows, maxima, width, wide, narrow)
#define SUM_FORMATS(width)                                                                        \
    switch (pass->wide * 4 + pass->narrow) {                                                      \
    case 1: SUM(width, 0, 1); break;                                                              \
    case 2: SUM(width, 0, 2); break;                                                              \
    case 4: SUM(width, 1, 0); break;                                                              \
    case 5: SUM(width, 1, 1); break;                                                              \
    default: SUM(width, 2, 0); break;                                                             \
    }

AVX2 static void largest_windows(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                                 int16_t *maxima) {
    switch (pass->width) {
    case 2: SUM_FORMATS(2) break;
    case 3: SUM_FORMATS(3) break;
    case 4: SUM_FORMATS(4) break;
    case 5: SUM_FORMATS(5) break;
    default: SUM_FORMATS(pass->width) break;
    }
}

/* To sums of 32 bits the products of a pair of numbers with those of 16 filters. */
AVX2_INLINE block add_products(block sums, const int16_t *pair, __m256i low, __m256i high) {
    int32_t both;
    memcpy(&both, pair, sizeof both);
    const __m256i values = _mm256_set1_epi32(both);
    return (block){_mm256_add_epi32(sums.low, _mm256_madd_epi16(values, low)),
                   _mm256_add_epi32(sums.high, _mm256_madd_epi16(values, high))};
}

/* With half a block's filters, whose eight sums stay in registers. */
AVX2_INLINE void multiply_half(const int16_t *vectors, size_t pairs, const int16_t *filters,
                               int32_t *sums) {
    block a = {_mm256_setzero_si256(), _mm256_setzero_si256()}, b = a, c = a, d = a;
    for (size_t pair = 0; pair < pairs; pair++, vectors += 2, filters += 2 * IMDB_LANES) {
        const __m256i low = load(filters), high = load(filters + HALF);
        a = add_products(a, vectors, low, high);
        b = add_products(b, vectors + 2 * pairs, low, high);
        c = add_products(c, vectors + 4 * pairs, low, high);
        d = add_products(d, vectors + 6 * pairs, low, high);
    }
    memcpy(sums, &a, sizeof a);
    memcpy(sums + IMDB_LANES, &b, sizeof b);
    memcpy(sums + 2 * IMDB_LANES, &c, sizeof c);
    memcpy(sums + 3 * IMDB_LANES, &d, sizeof d);
}

AVX2_INLINE void multiply(const int16_t *vectors, size_t pairs, const int16_t *filters,
                          int32_t *sums) {
    multiply_half(vectors, pairs, filters, sums);
    multiply_half(vectors, pairs, filters + IMDB_LANES, sums + HALF);
}

AVX2 static void fill(const imdb_engine *engine, const int32_t *words, size_t count,
                      int16_t *scratch) {
    imdb_fill_rows(engine, words, count, scratch, multiply);
}

AVX2 static void find_windows(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                              int32_t first, const int16_t *maxima, int32_t *found) {
    imdb_find_windows(pass, rows, windows, first, maxima, found);
}

const imdb_engine_tier imdb_engine_avx2 = {"avx2", largest_windows, fill, find_windows};
#else
typedef int imdb_no_avx2;
#endif
