/* The engine's tier of every machine. */
#include "engine_windows.h"

static void largest_windows(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                            int16_t *maxima) {
    for (size_t window = 0; window < windows; window++) {
        int16_t sums[MAX_FILTERS];
        imdb_sum_window(pass, rows + window, sums);
        for (size_t i = 0; i < (pass->wide + pass->narrow) * IMDB_LANES; i++)
            if (sums[i] > maxima[i]) maxima[i] = sums[i];
    }
}

static void find_windows(const imdb_pass *pass, const uint8_t *const *rows, size_t windows,
                         int32_t first, const int16_t *maxima, int32_t *found) {
    imdb_find_windows(pass, rows, windows, first, maxima, found);
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

const imdb_engine_tier imdb_engine_scalar = {"scalar", largest_windows, fill, find_windows};
