/* The instruction sets that texts are encoded with. All give the same ids. */
#ifndef IMDB_TIERS_H
#define IMDB_TIERS_H

#include "encode.h"

struct imdb_tier {
    const char *name;
    void (*encode_words)(imdb_encoding *encoding);
};

/* The tiers that this machine has, the fastest first; NULL from the end on. */
const imdb_tier *imdb_tier_number(size_t number);

void imdb_encode_words_scalar(imdb_encoding *encoding);
void imdb_encode_words_avx2(imdb_encoding *encoding);

#endif
