/* A frozen table from words, as bytes, to ids. */
#ifndef IMDB_VOCABULARY_H
#define IMDB_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#define IMDB_PADDING_ID 0
#define IMDB_UNKNOWN_ID 1

typedef struct imdb_vocabulary imdb_vocabulary;

/* A table of `count` words: word i is bytes[offsets[i] .. offsets[i + 1]). The first two,
 * <pad> and <unk>, name no word of a text and are never found. Of equal words the first counts.
 * Copies what it is given. NULL where memory is short. */
imdb_vocabulary *imdb_vocabulary_new(const uint8_t *bytes, const int64_t *offsets, size_t count);

void imdb_vocabulary_free(imdb_vocabulary *vocabulary);

/* The id of a word, IMDB_UNKNOWN_ID where it is not in the table. */
int32_t imdb_vocabulary_find(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size);

#endif
