/* Rows from embedding and filters: one inline function, so that each tier compiles it for its own
 * instructions. Products of vectors and filters are sums of integers, exact in any order; the few
 * steps in float that follow have one order, so a row is the same in every tier. */
#ifndef IMDB_ENGINE_FILL_H
#define IMDB_ENGINE_FILL_H

#include <string.h>

#include "engine.h"

#define IMDB_INLINE static inline __attribute__((always_inline))

enum { ROWS_A_READING = 4 }; /* rows that share each reading of the filters */

/* The products of ROWS_A_READING vectors, each of `pairs` pairs of numbers, end to end, with a
 * block's filters: sums[row * IMDB_LANES + lane]. */
typedef void imdb_multiply(const int16_t *vectors, size_t pairs, const int16_t *filters,
                           int32_t *sums);

IMDB_INLINE float imdb_float_at(const void *floats, size_t place) {
    float value;
    memcpy(&value, (const char *)floats + place * sizeof value, sizeof value);
    return value;
}

/* To the nearest integer, half to even, within +-limit; not a number becomes the limit. */
IMDB_INLINE float imdb_round(float value, float limit) {
    const float whole = 12582912.0f; /* 1.5 * 2^23: floats of this size have no fraction */
    value = value < limit ? value : limit;
    value = value > -limit ? value : -limit;
    return (value + whole) - whole;
}

/* A word's vector as integers, filled up to whole pairs, and what they are to be multiplied by. */
IMDB_INLINE float imdb_read_vector(const imdb_engine *engine, size_t word, int16_t *vector) {
    const size_t dimension = engine->dimension;
    if (dimension % 2) vector[dimension] = 0;
    if (engine->embedding_scales != NULL) {
        const int8_t *values = (const int8_t *)engine->embedding + word * dimension;
        for (size_t i = 0; i < dimension; i++) vector[i] = values[i];
        return imdb_float_at(engine->embedding_scales, word);
    }
    const char *values = (const char *)engine->embedding + word * dimension * sizeof(float);
    float largest = 0;
    for (size_t i = 0; i < dimension; i++) {
        float value = imdb_float_at(values, i);
        value = value < 0 ? -value : value;
        if (value > largest) largest = value;
    }
    const float step = largest / engine->vector_limit;
    for (size_t i = 0; i < dimension; i++)
        vector[i] = step > 0
            ? (int16_t)imdb_round(imdb_float_at(values, i) / step, engine->vector_limit)
            : 0;
    return step;
}

IMDB_INLINE void imdb_write_values(uint8_t *place, const int32_t *sums, float scale,
                                   const float *filter_steps, const float *centers,
                                   const float *steps, float limit, uint8_t size) {
    int16_t values[IMDB_LANES];
    for (size_t i = 0; i < IMDB_LANES; i++) {
        float value = (float)sums[i] * scale * filter_steps[i];
        values[i] = (int16_t)imdb_round((value - centers[i]) / steps[i], limit);
    }
    if (size == sizeof *values)
        memcpy(place, values, sizeof values);
    else
        for (size_t i = 0; i < IMDB_LANES; i++) place[i] = (uint8_t)values[i];
}

/* Up to IMDB_ROWS_AT_ONCE rows, block by block, so that a block's filters stay in the cache. */
IMDB_INLINE void imdb_fill_rows(const imdb_engine *engine, const int32_t *words, size_t count,
                                int16_t *scratch, imdb_multiply *multiply) {
    const size_t pairs = imdb_engine_pairs(engine);
    float scales[IMDB_ROWS_AT_ONCE];
    const size_t readings = (count + ROWS_A_READING - 1) / ROWS_A_READING;
    for (size_t row = 0; row < readings * ROWS_A_READING; row++)
        scales[row] = imdb_read_vector(engine, (size_t)words[row < count ? row : 0],
                                       scratch + row * 2 * pairs);
    for (size_t block = 0; block < engine->blocks; block++) {
        const int16_t *filters = engine->filters + block * pairs * 2 * IMDB_LANES;
        const size_t lanes = block * IMDB_LANES;
        int32_t sums[IMDB_ROWS_AT_ONCE][IMDB_LANES];
        for (size_t row = 0; row < count; row += ROWS_A_READING)
            multiply(scratch + row * 2 * pairs, pairs, filters, sums[row]);
        for (size_t row = 0; row < count; row++)
            imdb_write_values(
                imdb_engine_row(engine, words[row]) + engine->places[block],
                sums[row], scales[row], engine->filter_steps + lanes, engine->centers + lanes,
                engine->steps + lanes, engine->limits[block], engine->sizes[block]);
    }
}

#endif
