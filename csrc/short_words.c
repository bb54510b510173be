#include "short_words.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 32
#define ATTEMPTS_A_SIZE 8
#define MAX_MULTIPLIER UINT16_MAX

static uint64_t load(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

static bool has_nul(uint64_t bytes) {
    return ((bytes - UINT64_C(0x0101010101010101)) & ~bytes & UINT64_C(0x8080808080808080)) != 0;
}

bool imdb_key_of(const uint8_t *word, size_t size, imdb_key *key) {
    if (size == 0 || size > IMDB_SHORT_WORD) return false;
    uint64_t low, high = 0;
    /* The word's end is read from its last bytes: one load of a known size, where it overlaps the
     * first ones too. */
    if (size > 8) {
        low = load(word, 8);
        high = load(word + size - 8, 8) >> (8 * (16 - size));
    } else if (size >= 4) {
        low = load(word, 4) | load(word + size - 4, 4) << (8 * (size - 4));
    } else {
        low = word[0] | (uint64_t)word[size / 2] << (8 * (size / 2)) |
              (uint64_t)word[size - 1] << (8 * (size - 1));
    }
    *key = (imdb_key){low, high};
    return !has_nul(size < 8 ? low | UINT64_MAX << (8 * size) : low) &&
           !has_nul(size > 8 ? high | UINT64_MAX << (8 * (size - 8)) : UINT64_MAX);
}

/* The next of a stream of random numbers (SplitMix64: Steele, Lea and Flood, 2014). */
static uint64_t random_number(uint64_t *state) {
    uint64_t number = *state += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

/* The keys sorted by bucket, and the buckets with the fullest first, which are the hardest to
 * find room for. */
typedef struct {
    uint64_t *hashes;  /* [count] */
    uint32_t *order;   /* [count]: numbers of keys */
    uint32_t *starts;  /* [buckets + 1]: where in `order` */
    uint32_t *fullest; /* [buckets]: numbers of buckets */
    uint32_t *counts;  /* [count + 1] */
} sorted_keys;

static void sort_keys(sorted_keys *sorted, const imdb_short_words *words, const imdb_key *keys,
                      size_t count, size_t buckets) {
    memset(sorted->starts, 0, (buckets + 1) * sizeof *sorted->starts);
    for (size_t i = 0; i < count; i++) {
        sorted->hashes[i] = imdb_hash_of(words, keys[i]);
        sorted->starts[sorted->hashes[i] >> words->bucket_shift]++;
    }
    uint32_t *counts = sorted->counts;
    memset(counts, 0, (count + 1) * sizeof *counts);
    for (size_t b = 0; b < buckets; b++) counts[count - sorted->starts[b]]++;
    uint32_t place = 0;
    for (size_t c = 0; c <= count; c++) {
        uint32_t here = counts[c];
        counts[c] = place;
        place += here;
    }
    for (size_t b = 0; b < buckets; b++)
        sorted->fullest[counts[count - sorted->starts[b]]++] = (uint32_t)b;

    for (size_t b = 1; b <= buckets; b++) sorted->starts[b] += sorted->starts[b - 1];
    for (size_t i = count; i-- > 0;)
        sorted->order[--sorted->starts[sorted->hashes[i] >> words->bucket_shift]] = (uint32_t)i;
}

static bool is_empty(const imdb_key *slot) { return (slot->low | slot->high) == 0; }

/* Put one bucket's keys into slots that are all free, under the least multiplier for which there
 * are such; false where there is none. */
static bool place_bucket(imdb_short_words *words, const sorted_keys *sorted, const imdb_key *keys,
                         const int32_t *ids, uint32_t bucket) {
    uint32_t start = sorted->starts[bucket], end = sorted->starts[bucket + 1];
    for (uint32_t multiplier = 1; multiplier <= MAX_MULTIPLIER; multiplier += 2) {
        uint32_t i = start;
        for (; i < end; i++) {
            uint32_t key = sorted->order[i];
            imdb_key *slot = words->slots + imdb_slot_of(words, sorted->hashes[key], multiplier);
            if (!is_empty(slot)) break;
            *slot = keys[key];
            slot->high |= (uint64_t)ids[key] << IMDB_KEY_HIGH_BITS;
        }
        if (i == end) {
            words->multipliers[bucket] = (uint16_t)multiplier;
            return true;
        }
        while (i-- > start)
            words->slots[imdb_slot_of(words, sorted->hashes[sorted->order[i]], multiplier)] =
                (imdb_key){0, 0};
    }
    return false;
}

static unsigned bits_for(size_t count) {
    unsigned bits = 4;
    while (((size_t)1 << bits) < count) bits++;
    return bits;
}

static bool place_keys(imdb_short_words *words, sorted_keys *sorted, const imdb_key *keys,
                       const int32_t *ids, size_t count, uint64_t seed) {
    size_t buckets = (size_t)1 << (64 - words->bucket_shift);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt % ATTEMPTS_A_SIZE == 0) {
            if (attempt) words->slot_shift--;
            free(words->slots);
            words->slots = malloc(sizeof *words->slots << (64 - words->slot_shift));
            if (!words->slots) return false;
        }
        memset(words->slots, 0, sizeof *words->slots << (64 - words->slot_shift));
        words->low_factor = random_number(&seed) | 1;
        words->high_factor = random_number(&seed) | 1;
        sort_keys(sorted, words, keys, count, buckets);
        size_t placed = 0;
        while (placed < buckets &&
               place_bucket(words, sorted, keys, ids, sorted->fullest[placed]))
            placed++;
        if (placed == buckets) return true;
    }
    return false;
}

bool imdb_short_words_build(imdb_short_words *words, const imdb_key *keys, const int32_t *ids,
                            size_t count, uint64_t seed) {
    unsigned bucket_bits = bits_for(count / 4);
    *words = (imdb_short_words){.bucket_shift = 64 - bucket_bits,
                                .slot_shift = 64 - bits_for(count + count / 4)};
    size_t buckets = (size_t)1 << bucket_bits;
    words->multipliers = calloc(buckets, sizeof *words->multipliers);
    sorted_keys sorted = {
        .hashes = malloc((count + 1) * sizeof *sorted.hashes),
        .order = malloc((count + 1) * sizeof *sorted.order),
        .starts = malloc((buckets + 1) * sizeof *sorted.starts),
        .fullest = malloc(buckets * sizeof *sorted.fullest),
        .counts = malloc((count + 1) * sizeof *sorted.counts),
    };
    bool built = words->multipliers && sorted.hashes && sorted.order && sorted.starts &&
                 sorted.fullest && sorted.counts &&
                 place_keys(words, &sorted, keys, ids, count, seed);
    free(sorted.hashes);
    free(sorted.order);
    free(sorted.starts);
    free(sorted.fullest);
    free(sorted.counts);
    if (!built) imdb_short_words_free(words);
    return built;
}

void imdb_short_words_free(imdb_short_words *words) {
    free(words->slots);
    free(words->multipliers);
    *words = (imdb_short_words){0};
}
