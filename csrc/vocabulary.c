/* All words in one table with open addressing, and those with a key in a second, of short words.
 *
 * A slot of the first holds a word's hash, so that almost every probe that is not a match is
 * settled without touching the word. */
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DISTANCE 64
#define ATTEMPTS 8

typedef struct {
    uint32_t hash;
    int32_t id; /* 0, which is <pad>, marks an empty slot */
} slot;

struct imdb_vocabulary {
    slot *slots;
    size_t mask;
    uint64_t seed;
    uint8_t *bytes;
    int64_t *offsets;
    imdb_short_words short_words;
    const imdb_tier *tier;
};

static uint64_t mix(uint64_t value) {
    value ^= value >> 32;
    value *= UINT64_C(0xd6e8feb86659fd93);
    value ^= value >> 32;
    return value;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t size, uint64_t seed) {
    uint64_t hash = mix(size + seed);
    while (size >= 8) {
        uint64_t chunk;
        memcpy(&chunk, bytes, 8);
        hash = mix(hash ^ chunk) * UINT64_C(0x9e3779b97f4a7c15);
        bytes += 8;
        size -= 8;
    }
    uint64_t rest = 0;
    for (size_t i = 0; i < size; i++) rest |= (uint64_t)bytes[i] << (8 * i);
    return mix(hash ^ rest);
}

static uint32_t hash_word(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size) {
    return (uint32_t)hash_bytes(word, size, vocabulary->seed);
}

static const uint8_t *word_of(const imdb_vocabulary *vocabulary, size_t id, size_t *size) {
    int64_t start = vocabulary->offsets[id];
    *size = (size_t)(vocabulary->offsets[id + 1] - start);
    return vocabulary->bytes + start;
}

/* The slot of a word with this hash, or the empty one where it belongs. */
static slot *probe(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size,
                   uint32_t hash) {
    for (size_t i = hash & vocabulary->mask;; i = (i + 1) & vocabulary->mask) {
        slot *candidate = &vocabulary->slots[i];
        if (candidate->id == 0) return candidate;
        if (candidate->hash != hash) continue;
        size_t its_size;
        const uint8_t *its = word_of(vocabulary, (size_t)candidate->id, &its_size);
        if (its_size == size && memcmp(its, word, size) == 0) return candidate;
    }
}

/* Put all words into empty slots; false where one lies far from where it is looked for, unless
 * `anyhow`. */
static bool fill(imdb_vocabulary *vocabulary, size_t count, bool anyhow) {
    for (size_t id = IMDB_UNKNOWN_ID + 1; id < count; id++) {
        size_t size;
        const uint8_t *word = word_of(vocabulary, id, &size);
        uint32_t hash = hash_word(vocabulary, word, size);
        slot *place = probe(vocabulary, word, size, hash);
        size_t distance = ((size_t)(place - vocabulary->slots) - hash) & vocabulary->mask;
        if (distance > MAX_DISTANCE && !anyhow) return false;
        if (place->id == 0) *place = (slot){hash, (int32_t)id};
    }
    return true;
}

/* The table of all words, at most half full: with other seeds, then larger, while a word lies far
 * from where it is looked for, so that no choice of words makes lookups slow. */
static bool build_slots(imdb_vocabulary *vocabulary, size_t count) {
    size_t capacity = 16;
    while (capacity < 2 * count) capacity *= 2;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
        free(vocabulary->slots);
        vocabulary->slots = calloc(capacity, sizeof *vocabulary->slots);
        if (!vocabulary->slots) return false;
        vocabulary->mask = capacity - 1;
        if (fill(vocabulary, count, attempt == ATTEMPTS)) break;
        vocabulary->seed = mix(vocabulary->seed + (uint64_t)attempt);
        if (attempt % 2 == 0) capacity *= 2;
    }
    return true;
}

/* Keys are read out of texts as they lie in memory: as imdb_key has them on these machines. */
static bool is_little_endian(void) {
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

/* The table of short words; left empty where it cannot be. */
static bool build_short_words(imdb_vocabulary *vocabulary, size_t count) {
    imdb_key *keys = malloc((count + 1) * sizeof *keys);
    int32_t *ids = malloc((count + 1) * sizeof *ids);
    size_t found = 0;
    bool enough = keys && ids;
    if (enough && is_little_endian() && count <= IMDB_MAX_SHORT_ID) {
        keys[found] = (imdb_key){0, 0};
        ids[found++] = imdb_vocabulary_find(vocabulary, (const uint8_t *)"...", 3);
        for (size_t id = IMDB_UNKNOWN_ID + 1; id < count; id++) {
            size_t size;
            const uint8_t *word = word_of(vocabulary, id, &size);
            if (!imdb_key_of(word, size, &keys[found])) continue;
            ids[found] = (int32_t)id;
            found += imdb_vocabulary_find(vocabulary, word, size) == (int32_t)id;
        }
        imdb_short_words_build(&vocabulary->short_words, keys, ids, found, vocabulary->seed);
    }
    free(keys);
    free(ids);
    return enough;
}

imdb_vocabulary *imdb_vocabulary_new(const uint8_t *bytes, const int64_t *offsets, size_t count,
                                     const imdb_tier *tier) {
    size_t total = (size_t)offsets[count];
    imdb_vocabulary *vocabulary = calloc(1, sizeof *vocabulary);
    if (!vocabulary) return NULL;
    vocabulary->tier = tier;
    vocabulary->bytes = malloc(total ? total : 1);
    vocabulary->offsets = malloc((count + 1) * sizeof *offsets);
    if (!vocabulary->bytes || !vocabulary->offsets) {
        imdb_vocabulary_free(vocabulary);
        return NULL;
    }
    if (total) memcpy(vocabulary->bytes, bytes, total);
    memcpy(vocabulary->offsets, offsets, (count + 1) * sizeof *offsets);
    /* The words choose the seed, so that none can be chosen against a seed known beforehand. */
    vocabulary->seed = hash_bytes(vocabulary->bytes, total, count);
    if (!build_slots(vocabulary, count) || !build_short_words(vocabulary, count)) {
        imdb_vocabulary_free(vocabulary);
        return NULL;
    }
    return vocabulary;
}

void imdb_vocabulary_free(imdb_vocabulary *vocabulary) {
    if (!vocabulary) return;
    imdb_short_words_free(&vocabulary->short_words);
    free(vocabulary->slots);
    free(vocabulary->bytes);
    free(vocabulary->offsets);
    free(vocabulary);
}

const imdb_short_words *imdb_vocabulary_short_words(const imdb_vocabulary *vocabulary) {
    return vocabulary->short_words.slots ? &vocabulary->short_words : NULL;
}

const imdb_tier *imdb_vocabulary_tier(const imdb_vocabulary *vocabulary) {
    return vocabulary->tier;
}

int32_t imdb_vocabulary_find(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size) {
    imdb_key key;
    if (vocabulary->short_words.slots && imdb_key_of(word, size, &key)) {
        size_t slot = imdb_find_slot(&vocabulary->short_words, key);
        return imdb_id_in_slot(&vocabulary->short_words.slots[slot], key, IMDB_UNKNOWN_ID);
    }
    const slot *found = probe(vocabulary, word, size, hash_word(vocabulary, word, size));
    return found->id ? found->id : IMDB_UNKNOWN_ID;
}
