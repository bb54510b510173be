/* Blocks of bytes to lines, which end at \n and at nothing else. The specification is the Python
 * twin, imdb_runtime/lines_reference.py. */
#ifndef IMDB_LINES_H
#define IMDB_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "texts.h"

/* Which lines to give: at most `max_lines`, and of each at most `max_bytes`. */
typedef struct {
    size_t max_lines, max_bytes;
} imdb_line_limits;

/* How many bytes of the block the lines take, and whether the last line was too long. */
typedef struct {
    size_t taken;
    bool cut;
} imdb_split;

/* The lines at the start of a block, without their \n, into `lines`, whose arrays hold
 * limits.max_lines. The last line of a block is given where it has its \n, or where the stream has
 * `ended` and it is not empty, or where it is too long. A line that is too long is cut and is the
 * last one given; where its \n is not in the block, all of the block is taken. */
imdb_split imdb_split_lines(const uint8_t *block, size_t size, bool ended, imdb_line_limits limits,
                            imdb_texts *lines);

#endif
