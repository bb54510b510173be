/* The texts of a batch: where each one starts, and its size in bytes. They need not be UTF-8. */
#ifndef IMDB_TEXTS_H
#define IMDB_TEXTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t **starts; /* [count] */
    size_t *sizes;          /* [count] */
    size_t count, longest;
} imdb_texts;

#endif
