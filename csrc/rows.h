/* Scores to text, a row each. The specification is the Python twin,
 * imdb_runtime/scoring/rows_reference.py. */
#ifndef IMDB_ROWS_H
#define IMDB_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "0.123456", the most bytes that a probability takes */
#define IMDB_PROBABILITY_BYTES 8

typedef struct {
    const char *bytes;
    size_t size;
} imdb_piece;

/* What stands before a row's probability, by whether its label is the positive one, and after. */
typedef struct {
    imdb_piece before[2], after;
} imdb_row_format;

/* The rows, into `out`, which has room for the longest of them; returns how many bytes they are.
 * A probability is within 0 and 1 and written with six decimals, the last one rounded half to even
 * from the exact value; any other is `nan`. */
size_t imdb_format_rows(const float *probabilities, const bool *positive, size_t count,
                        const imdb_row_format *format, char *out);

#endif
