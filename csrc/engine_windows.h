/* Sums of single windows, for each tier to compile for its own instructions. */
#ifndef IMDB_ENGINE_WINDOWS_H
#define IMDB_ENGINE_WINDOWS_H

#include <string.h>

#include "engine_fill.h"

enum { MAX_FILTERS = IMDB_LANES * IMDB_MAX_BLOCKS };

IMDB_INLINE void imdb_add_wide(int16_t *sums, const uint8_t *place, size_t filters) {
    int16_t values[MAX_FILTERS];
    memcpy(values, place, filters * sizeof *values);
    for (size_t i = 0; i < filters; i++) sums[i] = (int16_t)(sums[i] + values[i]);
}

IMDB_INLINE void imdb_add_narrow(int16_t *sums, const uint8_t *place, size_t filters) {
    for (size_t i = 0; i < filters; i++) sums[i] = (int16_t)(sums[i] + (int8_t)place[i]);
}

/* The sums of the pass's filters over the window that begins with the first of `rows`. */
IMDB_INLINE void imdb_sum_window(const imdb_pass *pass, const uint8_t *const *rows, int16_t *sums) {
    const size_t wide = pass->wide * IMDB_LANES, narrow = pass->narrow * IMDB_LANES;
    memset(sums, 0, (wide + narrow) * sizeof *sums);
    for (size_t place = 0; place < pass->width; place++) {
        imdb_add_wide(sums, rows[place] + pass->offset + place * wide * sizeof *sums, wide);
        imdb_add_narrow(sums + wide, rows[place] + pass->narrow_offset + place * narrow, narrow);
    }
}

IMDB_INLINE void imdb_find_windows(const imdb_pass *pass, const uint8_t *const *rows,
                                   size_t windows, int32_t first, const int16_t *maxima,
                                   int32_t *found) {
    const size_t filters = (pass->wide + pass->narrow) * IMDB_LANES;
    int16_t sums[MAX_FILTERS];
    for (size_t window = windows; window-- > 0;) {
        imdb_sum_window(pass, rows + window, sums);
        const int32_t number = first + (int32_t)window;
        for (size_t i = 0; i < filters; i++) found[i] = sums[i] == maxima[i] ? number : found[i];
    }
}

#endif
