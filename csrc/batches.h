/* Batches of texts to ids, end to end. */
#ifndef IMDB_BATCHES_H
#define IMDB_BATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "texts.h"
#include "tokenizer.h"

/* Ids, growing; `values` is malloc's, or NULL. */
typedef struct {
    int32_t *values;
    size_t used, capacity;
} imdb_ids;

/* Append the ids of the first `max_length` words of each text. Text i's are ids->values[offsets[i]
 * .. offsets[i + 1]), and counts[i] is how many words it has in all. False where memory is short. */
bool imdb_encode_texts(const imdb_vocabulary *vocabulary, imdb_scheme scheme,
                       const imdb_texts *texts, size_t max_length, imdb_ids *ids, int64_t *offsets,
                       int64_t *counts);

/* Give back what no id uses. */
void imdb_ids_fit(imdb_ids *ids);

#endif
