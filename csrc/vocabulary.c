/* Open addressing with linear probing, at most half full. A slot holds the word's hash, so that
 * almost every probe that is not a match is settled without touching the word. */
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t hash;
    int32_t id; /* 0, which is <pad>, marks an empty slot */
} slot;

struct imdb_vocabulary {
    slot *slots;
    size_t mask;
    uint8_t *bytes;
    int64_t *offsets;
};

static uint64_t mix(uint64_t value) {
    value ^= value >> 32;
    value *= UINT64_C(0xd6e8feb86659fd93);
    value ^= value >> 32;
    return value;
}

static uint32_t hash_word(const uint8_t *word, size_t size) {
    uint64_t hash = mix(size + UINT64_C(0x9e3779b97f4a7c15));
    while (size >= 8) {
        uint64_t chunk;
        memcpy(&chunk, word, 8);
        hash = mix(hash ^ chunk) * UINT64_C(0x9e3779b97f4a7c15);
        word += 8;
        size -= 8;
    }
    uint64_t rest = 0;
    for (size_t i = 0; i < size; i++) rest |= (uint64_t)word[i] << (8 * i);
    return (uint32_t)mix(hash ^ rest);
}

static const slot *probe(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size,
                         uint32_t hash) {
    for (size_t i = hash & vocabulary->mask;; i = (i + 1) & vocabulary->mask) {
        const slot *candidate = &vocabulary->slots[i];
        if (candidate->id == 0) return candidate;
        if (candidate->hash != hash) continue;
        int64_t start = vocabulary->offsets[candidate->id];
        int64_t end = vocabulary->offsets[candidate->id + 1];
        if ((size_t)(end - start) == size && memcmp(vocabulary->bytes + start, word, size) == 0)
            return candidate;
    }
}

imdb_vocabulary *imdb_vocabulary_new(const uint8_t *bytes, const int64_t *offsets, size_t count) {
    size_t capacity = 16;
    while (capacity < 2 * count) capacity *= 2;
    size_t total = (size_t)offsets[count];

    imdb_vocabulary *vocabulary = calloc(1, sizeof *vocabulary);
    if (!vocabulary) return NULL;
    vocabulary->mask = capacity - 1;
    vocabulary->slots = calloc(capacity, sizeof *vocabulary->slots);
    vocabulary->bytes = malloc(total ? total : 1);
    vocabulary->offsets = malloc((count + 1) * sizeof *offsets);
    if (!vocabulary->slots || !vocabulary->bytes || !vocabulary->offsets) {
        imdb_vocabulary_free(vocabulary);
        return NULL;
    }
    if (total) memcpy(vocabulary->bytes, bytes, total);
    memcpy(vocabulary->offsets, offsets, (count + 1) * sizeof *offsets);

    for (size_t id = IMDB_UNKNOWN_ID + 1; id < count; id++) {
        const uint8_t *word = vocabulary->bytes + offsets[id];
        size_t size = (size_t)(offsets[id + 1] - offsets[id]);
        uint32_t hash = hash_word(word, size);
        slot *place = (slot *)probe(vocabulary, word, size, hash);
        if (place->id == 0) *place = (slot){hash, (int32_t)id};
    }
    return vocabulary;
}

void imdb_vocabulary_free(imdb_vocabulary *vocabulary) {
    if (!vocabulary) return;
    free(vocabulary->slots);
    free(vocabulary->bytes);
    free(vocabulary->offsets);
    free(vocabulary);
}

int32_t imdb_vocabulary_find(const imdb_vocabulary *vocabulary, const uint8_t *word, size_t size) {
    const slot *found = probe(vocabulary, word, size, hash_word(word, size));
    return found->id ? found->id : IMDB_UNKNOWN_ID;
}
