/* The engine's tier of every machine. */
#include "engine_fill.h"

enum { MAX_FILTERS = IMDB_LANES * IMDB_MAX_BLOCKS };

static void add_wide(int16_t *sums, const uint8_t *place, size_t filters) {
    int16_t values[MAX_FILTERS];
    memcpy(values, place, filters * sizeof *values);
    for (size_t i = 0; i < filters; i++) sums[i] = (int16_t)(sums[i] + values[i]);
}

static void add_narrow(int16_t *sums, const uint8_t *place, size_t filters) {
    for (size_t i = 0; i < filters; i++) sums[i] = (int16_t)(sums[i] + (int8_t)place[i]);
}

static void largest_windows(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                            int16_t *maxima) {
    size_t wide = pass->wide * IMDB_LANES, narrow = pass->narrow * IMDB_LANES;
    for (size_t window = 0; window < windows; window++) {
        int16_t sums[MAX_FILTERS] = {0};
        for (size_t place = 0; place < pass->width; place++) {
            const uint8_t *row = rows[window + place];
            add_wide(sums, row + pass->offset + place * wide * sizeof *sums, wide);
            add_narrow(sums + wide, row + pass->narrow_offset + place * narrow, narrow);
        }
        for (size_t i = 0; i < wide + narrow; i++)
            if (sums[i] > maxima[i]) maxima[i] = sums[i];
    }
}

static void multiply(const int16_t *vectors, size_t pairs, const int16_t *filters, int32_t *sums) {
    for (size_t row = 0; row < ROWS_A_READING; row++, sums += IMDB_LANES) {
        const int16_t *filter = filters;
        memset(sums, 0, IMDB_LANES * sizeof *sums);
        for (size_t pair = 0; pair < pairs; pair++, vectors += 2)
            for (size_t lane = 0; lane < IMDB_LANES; lane++, filter += 2)
                sums[lane] += vectors[0] * filter[0] + vectors[1] * filter[1];
    }
}

static void fill(const imdb_engine *engine, const int32_t *words, size_t count, int16_t *scratch) {
    imdb_fill_rows(engine, words, count, scratch, multiply);
}

const imdb_engine_tier imdb_engine_scalar = {"scalar", largest_windows, fill};
