#include "explain.h"

#include <math.h>
#include <string.h>

#include "vocabulary.h"

enum { WINDOWS_AT_ONCE = 32 };

/* For each filter the first window whose sum is the largest. */
static void find_windows(const imdb_engine *engine, const imdb_pass *pass, const int32_t *words,
                         size_t windows, imdb_explain_scratch scratch) {
    const uint8_t *rows[WINDOWS_AT_ONCE + UINT8_MAX];
    for (size_t stop = windows; stop > 0;) {
        const size_t some = stop < WINDOWS_AT_ONCE ? stop : WINDOWS_AT_ONCE;
        stop -= some;
        for (size_t i = 0; i < some + pass->width - 1; i++)
            rows[i] = imdb_engine_row(engine, words[stop + i]);
        engine->tier->find(pass, rows, some, (int32_t)stop, scratch.maxima + pass->feature,
                           scratch.windows + pass->feature);
    }
}

/* What a word of this row adds to the pass's filter at this place of the window. */
static int value_at(const imdb_pass *pass, const uint8_t *row, size_t place, size_t filter) {
    const size_t wide = pass->wide * IMDB_LANES;
    if (filter >= wide)
        return (int8_t)row[pass->narrow_offset + place * pass->narrow * IMDB_LANES + filter - wide];
    int16_t value;
    memcpy(&value, row + pass->offset + (place * wide + filter) * sizeof value, sizeof value);
    return value;
}

static float rectified(float value) { return value > 0 ? value : 0; }

/* Share out what a filter adds to the logit; returns what it adds of nothing but <pad>. */
static double explain_filter(const imdb_engine *engine, const imdb_pass *pass, size_t filter,
                             const int32_t *words, size_t count, imdb_explain_scratch scratch,
                             float *attributions) {
    const size_t feature = pass->feature + filter;
    const uint8_t *padding = imdb_engine_row(engine, IMDB_PADDING_ID);
    int sum_of_padding = 0;
    for (size_t place = 0; place < pass->width; place++)
        sum_of_padding += value_at(pass, padding, place, filter);
    const float bias = engine->biases[feature], scale = engine->scales[feature];
    const float end = (float)scratch.maxima[feature] * scale + bias;
    const float start = (float)sum_of_padding * scale + bias;
    const float weight = engine->weights[feature];
    if (end != start) {
        const float let_through = (rectified(end) - rectified(start)) / (end - start);
        const float factor = let_through * weight * scale;
        const size_t window = (size_t)scratch.windows[feature];
        for (size_t place = 0; place < pass->width && window + place < count; place++) {
            const uint8_t *row = imdb_engine_row(engine, words[window + place]);
            const int difference =
                value_at(pass, row, place, filter) - value_at(pass, padding, place, filter);
            attributions[window + place] += factor * (float)difference;
        }
    }
    return (double)rectified(start) * weight;
}

/* Each n-gram's weight, less that of one of <pad>, in equal parts to its words; returns the term of
 * nothing but <pad>. */
static double explain_ngrams(const imdb_ngrams *ngrams, const int32_t *ids, size_t count,
                             float *attributions) {
    const int32_t padding[UINT8_MAX] = {IMDB_PADDING_ID};
    const double scale = (ngrams->small ? ngrams->scale : 1.0) / sqrt((double)(count ? count : 1));
    double term = 0;
    for (size_t order = 1; order <= ngrams->order && order <= count; order++) {
        const double of_padding = imdb_ngram_weight(ngrams, padding, order);
        for (size_t start = 0; start + order <= count; start++) {
            const double weight = imdb_ngram_weight(ngrams, ids + start, order) - of_padding;
            const float part = (float)(weight * scale / (double)order);
            for (size_t i = 0; i < order; i++) attributions[start + i] += part;
        }
        term += of_padding * (double)(count - order + 1);
    }
    return term * scale;
}

void imdb_explain(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                  imdb_explain_scratch scratch, float *attributions, float *logit,
                  float *baseline) {
    int32_t padded[UINT8_MAX + 1] = {IMDB_PADDING_ID};
    const int32_t *words = ids;
    if (count < engine->widest) {
        memcpy(padded, ids, count * sizeof *ids);
        words = padded;
    }
    *logit = imdb_engine_logit(engine, ids, count, ahead, scratch.maxima);
    memset(attributions, 0, count * sizeof *attributions);
    double start = engine->bias;
    for (size_t i = 0; i < engine->pass_count; i++) {
        const imdb_pass *pass = engine->passes + i;
        find_windows(engine, pass, words, imdb_pass_windows(pass, count), scratch);
        for (size_t filter = 0; filter < (pass->wide + pass->narrow) * IMDB_LANES; filter++)
            start += explain_filter(engine, pass, filter, words, count, scratch, attributions);
    }
    if (engine->ngrams.order) start += explain_ngrams(&engine->ngrams, ids, count, attributions);
    *baseline = (float)start;
}
