/* Words of up to 13 bytes as 128-bit keys in a perfect hash table: one probe, whatever the word.
 *
 * Hash and displace: a key's hash picks a multiplier, and hash × multiplier picks the key's only
 * slot (after Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and compress", 2009). */
#ifndef IMDB_SHORT_WORDS_H
#define IMDB_SHORT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/* A word's bytes, the first lowest, then zeros. A word with a NUL has no key, so that a key names
 * one word. The key 0, of no bytes, stands for an ellipsis, however many points it has. */
typedef struct {
    uint64_t low, high;
} imdb_key;

#define IMDB_SHORT_WORD 13
#define IMDB_KEY_HIGH_BITS 40 /* of `high`; in the table the id is above them */
#define IMDB_MAX_SHORT_ID ((1 << (64 - IMDB_KEY_HIGH_BITS)) - 1)

typedef struct {
    imdb_key *slots; /* 0 0 where empty */
    uint16_t *multipliers;
    uint64_t low_factor, high_factor;
    unsigned bucket_shift, slot_shift;
} imdb_short_words;

static inline uint64_t imdb_hash_of(const imdb_short_words *words, imdb_key key) {
    return key.low * words->low_factor + key.high * words->high_factor;
}

static inline size_t imdb_slot_of(const imdb_short_words *words, uint64_t hash,
                                  uint64_t multiplier) {
    return (size_t)(hash * multiplier >> words->slot_shift);
}

static inline size_t imdb_find_slot(const imdb_short_words *words, imdb_key key) {
    uint64_t hash = imdb_hash_of(words, key);
    return imdb_slot_of(words, hash, words->multipliers[hash >> words->bucket_shift]);
}

/* The id in a key's slot, or `otherwise` where another key has it. Arithmetic, not a branch: no
 * processor foresees which words are unknown. */
static inline int32_t imdb_id_in_slot(const imdb_key *slot, imdb_key key, int32_t otherwise) {
    uint64_t low = slot->low ^ key.low, high = slot->high ^ key.high;
    int32_t same = -(int32_t)((low | high << (64 - IMDB_KEY_HIGH_BITS)) == 0);
    int32_t id = (int32_t)(slot->high >> IMDB_KEY_HIGH_BITS);
    return ((id - otherwise) & same) + otherwise;
}

/* A word's key; false where it has none. */
bool imdb_key_of(const uint8_t *word, size_t size, imdb_key *key);

/* A table of `count` different keys and their ids, from 1 to IMDB_MAX_SHORT_ID. False, and an
 * empty `words`, where memory is short, or where no place was found for every key, which only
 * words chosen to that end could bring about. */
bool imdb_short_words_build(imdb_short_words *words, const imdb_key *keys, const int32_t *ids,
                            size_t count, uint64_t seed);

void imdb_short_words_free(imdb_short_words *words);

#endif
