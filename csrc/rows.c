#include "rows.h"

#include <string.h>

static char *append(char *out, imdb_piece piece) {
    memcpy(out, piece.bytes, piece.size);
    return out + piece.size;
}

static char *append_probability(char *out, float probability) {
    if (!(probability >= 0 && probability <= 1)) return append(out, (imdb_piece){"nan", 3});
    /* Exact: a float has 24 bits, a million 14 beside its power of two, a double 53. */
    double scaled = (double)probability * 1e6;
    uint32_t millionths = (uint32_t)scaled;
    double rest = scaled - millionths;
    if (rest > 0.5 || (rest == 0.5 && millionths % 2)) millionths++;
    out[0] = millionths == 1000000 ? '1' : '0';
    out[1] = '.';
    for (int i = IMDB_PROBABILITY_BYTES - 1; i > 1; i--) {
        out[i] = (char)('0' + millionths % 10);
        millionths /= 10;
    }
    return out + IMDB_PROBABILITY_BYTES;
}

size_t imdb_format_rows(const float *probabilities, const bool *positive, size_t count,
                        const imdb_row_format *format, char *out) {
    char *end = out;
    for (size_t i = 0; i < count; i++) {
        end = append(end, format->before[positive[i]]);
        end = append_probability(end, probabilities[i]);
        end = append(end, format->after);
    }
    return (size_t)(end - out);
}
