/* A frozen table from words, as bytes, to ids. */
#ifndef IMDB_VOCABULARY_H
#define IMDB_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#include "short_words.h"

#define IMDB_PADDING_ID 0
#define IMDB_UNKNOWN_ID 1

typedef struct imdb_vocabulary imdb_vocabulary;

/* The instructions that texts are encoded with: tiers.h. */
typedef struct imdb_tier imdb_tier;

/* A table of `count` words: word i is bytes[offsets[i] .. offsets[i + 1]). The first two,
 * <pad> and <unk>, name no word of a text and are never found. Of equal words the first counts.
 * Copies what it is given but the tier. NULL where memory is short. */
imdb_vocabulary *imdb_vocabulary_new(const uint8_t *bytes, const int64_t *offsets, size_t count,
                                     const imdb_tier *tier);

void imdb_vocabulary_free(imdb_vocabulary *vocabulary);

/* The id of a word, IMDB_UNKNOWN_ID where it is not in the table. */
int32_t imdb_vocabulary_find(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size);

/* Every word of the vocabulary that has a key, and the ellipsis under the key 0; NULL where such a
 * table could not be built. */
const imdb_short_words *imdb_vocabulary_short_words(const imdb_vocabulary *vocabulary);

const imdb_tier *imdb_vocabulary_tier(const imdb_vocabulary *vocabulary);

#endif
