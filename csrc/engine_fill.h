/* Rows from embedding and filters, in float: one inline function, so that each tier compiles it for
 * its own instructions, having defined IMDB_VECTOR_BYTES. Every sum has one order, so a row is the
 * same in every tier and whatever else is filled. */
#ifndef IMDB_ENGINE_FILL_H
#define IMDB_ENGINE_FILL_H

#include <string.h>

#include "engine.h"

#define IMDB_INLINE static inline __attribute__((always_inline))

enum { IMDB_ROWS_AT_ONCE = 4 }; /* rows that share each reading of the filters */

IMDB_INLINE float imdb_float_at(const void *floats, size_t place) {
    float value;
    memcpy(&value, (const char *)floats + place * sizeof value, sizeof value);
    return value;
}

IMDB_INLINE void imdb_read_vector(const imdb_engine *engine, size_t word, float *vector) {
    size_t dimension = engine->dimension;
    if (engine->embedding_scales == NULL) {
        memcpy(vector, (const char *)engine->embedding + word * dimension * sizeof(float),
               dimension * sizeof(float));
        return;
    }
    const int8_t *values = (const int8_t *)engine->embedding + word * dimension;
    float scale = imdb_float_at(engine->embedding_scales, word);
    for (size_t i = 0; i < dimension; i++) vector[i] = (float)values[i] * scale;
}

/* To the nearest integer, half to even, within +-limit; not a number becomes the limit. */
IMDB_INLINE float imdb_round(float value, float limit) {
    const float whole = 12582912.0f; /* 1.5 * 2^23: floats of this size have no fraction */
    value = value < limit ? value : limit;
    value = value > -limit ? value : -limit;
    return (value + whole) - whole;
}

IMDB_INLINE void imdb_write_values(uint8_t *place, const float *sums, const float *centers,
                                   const float *steps, float limit, uint8_t size) {
    int16_t values[IMDB_LANES];
    for (size_t i = 0; i < IMDB_LANES; i++)
        values[i] = (int16_t)imdb_round((sums[i] - centers[i]) / steps[i], limit);
    if (size == sizeof *values)
        memcpy(place, values, sizeof values);
    else
        for (size_t i = 0; i < IMDB_LANES; i++) place[i] = (uint8_t)values[i];
}

/* Two vectors of floats in registers; the tier says how large those are. */
typedef float imdb_floats __attribute__((vector_size(IMDB_VECTOR_BYTES)));
typedef struct {
    imdb_floats low, high;
} imdb_sums;
enum { IMDB_FLOATS = sizeof(imdb_sums) / sizeof(float) };

/* The products of the vectors of four rows, end to end, with the first IMDB_FLOATS of a block's
 * filters, into sums[row * IMDB_LANES ..]. */
IMDB_INLINE void imdb_multiply(const float *vectors, size_t dimension, const float *filters,
                               float *sums) {
    imdb_sums a = {{0}, {0}}, b = a, c = a, d = a;
    for (size_t i = 0; i < dimension; i++) {
        imdb_floats low, high;
        memcpy(&low, filters + i * IMDB_LANES, sizeof low);
        memcpy(&high, filters + i * IMDB_LANES + IMDB_FLOATS / 2, sizeof high);
        const float *values = vectors + i;
        a.low += values[0] * low;
        a.high += values[0] * high;
        b.low += values[dimension] * low;
        b.high += values[dimension] * high;
        c.low += values[2 * dimension] * low;
        c.high += values[2 * dimension] * high;
        d.low += values[3 * dimension] * low;
        d.high += values[3 * dimension] * high;
    }
    memcpy(sums, &a, sizeof a);
    memcpy(sums + IMDB_LANES, &b, sizeof b);
    memcpy(sums + 2 * IMDB_LANES, &c, sizeof c);
    memcpy(sums + 3 * IMDB_LANES, &d, sizeof d);
}

IMDB_INLINE void imdb_fill_rows(const imdb_engine *engine, const int32_t *words, size_t count,
                                float *scratch) {
    const size_t dimension = engine->dimension;
    for (size_t row = 0; row < IMDB_ROWS_AT_ONCE; row++)
        imdb_read_vector(engine, (size_t)words[row < count ? row : 0], scratch + row * dimension);
    for (size_t block = 0; block < engine->blocks; block++) {
        const float *filters = engine->filters + block * dimension * IMDB_LANES;
        float sums[IMDB_ROWS_AT_ONCE][IMDB_LANES];
        for (size_t lane = 0; lane < IMDB_LANES; lane += IMDB_FLOATS)
            imdb_multiply(scratch, dimension, filters + lane, &sums[0][lane]);
        for (size_t row = 0; row < count; row++)
            imdb_write_values(
                engine->rows + (size_t)words[row] * engine->stride + engine->places[block],
                sums[row], engine->centers + block * IMDB_LANES,
                engine->steps + block * IMDB_LANES, engine->limits[block], engine->sizes[block]);
    }
}

#endif
