#include "lines.h"

#include <string.h>

imdb_split imdb_split_lines(const uint8_t *block, size_t size, bool ended, imdb_line_limits limits,
                            imdb_texts *lines) {
    imdb_split split = {0, false};
    lines->count = lines->longest = 0;
    while (split.taken < size && lines->count < limits.max_lines && !split.cut) {
        const uint8_t *start = block + split.taken;
        size_t left = size - split.taken;
        const uint8_t *feed = memchr(start, '\n', left);
        size_t length = feed ? (size_t)(feed - start) : left;
        split.cut = length > limits.max_bytes;
        if (!feed && !ended && !split.cut) break;
        split.taken += feed ? length + 1 : length;
        if (split.cut) length = limits.max_bytes;
        lines->starts[lines->count] = start;
        lines->sizes[lines->count++] = length;
        if (length > lines->longest) lines->longest = length;
    }
    return split;
}
