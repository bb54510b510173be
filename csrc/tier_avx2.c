/* The tier of AVX2: 32 bytes at a time. */
#include "tiers.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

typedef struct {
    uint32_t word, printing, joiner, point, less, wide;
} half_block;

AVX2 static inline uint32_t bits_of(__m256i bytes) { return (uint32_t)_mm256_movemask_epi8(bytes); }

/* Whether each byte is one of `count` from `first` on: an addition that takes these to the lowest
 * values of a signed byte, and one comparison. */
AVX2 static inline __m256i in_range(__m256i bytes, char first, char count) {
    __m256i moved = _mm256_add_epi8(bytes, _mm256_set1_epi8((char)(-128 - first)));
    return _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(-128 + count)), moved);
}

AVX2 static inline half_block classify_half(uint8_t *lower, __m256i bytes) {
    const __m256i case_bit = _mm256_set1_epi8(0x20);
    /* Each joiner at the place of its lowest four bits: a shuffle finds the one a byte could be. */
    const __m256i joiners = _mm256_setr_epi8(
        1, 0, 0, 0, 0, 0, 0, '\'', 0, 0, 0, 0, ',', 0, '.', 0,
        1, 0, 0, 0, 0, 0, 0, '\'', 0, 0, 0, 0, ',', 0, '.', 0);
    __m256i letter = in_range(_mm256_or_si256(bytes, case_bit), 'a', 26);
    __m256i word = _mm256_or_si256(letter, in_range(bytes, '0', 10));
    _mm256_storeu_si256((__m256i *)(void *)lower,
                        _mm256_or_si256(bytes, _mm256_and_si256(letter, case_bit)));
    return (half_block){
        bits_of(word),
        bits_of(in_range(bytes, '!', 94)),
        bits_of(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(joiners, bytes), bytes)),
        bits_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.'))),
        bits_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('<'))),
        bits_of(bytes),
    };
}

AVX2 static inline uint64_t classify_block(imdb_blocks *blocks, size_t block, const uint8_t *bytes) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    half_block a = classify_half(blocks->lower + block * IMDB_BLOCK, low);
    half_block b = classify_half(blocks->lower + block * IMDB_BLOCK + 32, high);
    uint64_t word = a.word | (uint64_t)b.word << 32;
    blocks->word[block] = word;
    blocks->mark[block] = (a.printing | (uint64_t)b.printing << 32) & ~word;
    blocks->joiner[block] = a.joiner | (uint64_t)b.joiner << 32;
    blocks->point[block] = a.point | (uint64_t)b.point << 32;
    blocks->less[block] = a.less | (uint64_t)b.less << 32;
    return blocks->wide[block] = a.wide | (uint64_t)b.wide << 32;
}

AVX2 static void classify(imdb_blocks *blocks, const uint8_t *text, size_t size) {
    uint64_t wide = 0;
    size_t block = 1;
    for (; size >= IMDB_BLOCK; size -= IMDB_BLOCK, text += IMDB_BLOCK, block++)
        wide |= classify_block(blocks, block, text);
    if (size) {
        uint8_t padded[IMDB_BLOCK] = {0};
        memcpy(padded, text, size);
        wide |= classify_block(blocks, block++, padded);
    }
    blocks->has_wide = wide != 0;
    imdb_end_blocks(blocks, block);
}

/* The numbers of the bits that are set in a byte, one a byte, the lowest first. */
#define SET(byte, bit) ((uint64_t)(byte) >> (bit) & 1)
#define BELOW(byte, bit)                                                                   \
    (((bit) > 0 ? SET(byte, 0) : 0) + ((bit) > 1 ? SET(byte, 1) : 0) +                     \
     ((bit) > 2 ? SET(byte, 2) : 0) + ((bit) > 3 ? SET(byte, 3) : 0) +                     \
     ((bit) > 4 ? SET(byte, 4) : 0) + ((bit) > 5 ? SET(byte, 5) : 0) +                     \
     ((bit) > 6 ? SET(byte, 6) : 0))
#define NUMBER(byte, bit) (SET(byte, bit) * (bit) << 8 * BELOW(byte, bit))
#define NUMBERS(byte)                                                                      \
    (NUMBER(byte, 1) | NUMBER(byte, 2) | NUMBER(byte, 3) | NUMBER(byte, 4) |               \
     NUMBER(byte, 5) | NUMBER(byte, 6) | NUMBER(byte, 7))
#define NUMBERS_OF_4(byte)                                                                 \
    NUMBERS(byte), NUMBERS((byte) + 1), NUMBERS((byte) + 2), NUMBERS((byte) + 3)
#define NUMBERS_OF_16(byte)                                                                \
    NUMBERS_OF_4(byte), NUMBERS_OF_4((byte) + 4), NUMBERS_OF_4((byte) + 8),                \
        NUMBERS_OF_4((byte) + 12)
#define NUMBERS_OF_64(byte)                                                                \
    NUMBERS_OF_16(byte), NUMBERS_OF_16((byte) + 16), NUMBERS_OF_16((byte) + 32),           \
        NUMBERS_OF_16((byte) + 48)
static const uint64_t set_bits[256] = {NUMBERS_OF_64(0), NUMBERS_OF_64(64), NUMBERS_OF_64(128),
                                       NUMBERS_OF_64(192)};

/* A byte of mask at a time, eight positions written whatever its bits: no branch depends on them. */
AVX2 static size_t positions(const uint64_t *mask, size_t blocks, uint16_t *out) {
    const __m128i eight = _mm_set1_epi16(8);
    __m128i base = _mm_set1_epi16(IMDB_BLOCK);
    uint16_t *end = out;
    for (size_t i = 1; i <= blocks; i++) {
        uint64_t bits = mask[i];
        for (size_t j = 0; j < 8; j++, bits >>= 8) {
            __m128i set = _mm_cvtepu8_epi16(
                _mm_loadl_epi64((const __m128i *)(const void *)&set_bits[bits & 0xFF]));
            _mm_storeu_si128((__m128i *)(void *)end, _mm_add_epi16(set, base));
            end += _mm_popcnt_u32((unsigned)(bits & 0xFF));
            base = _mm_add_epi16(base, eight);
        }
    }
    return (size_t)(end - out);
}

/* One position a block is written whatever its bits: blocks with more are few, and foreseen. */
AVX2 static size_t few_positions(const uint64_t *mask, size_t blocks, uint16_t *out) {
    size_t count = 0;
    for (size_t i = 1; i <= blocks; i++) {
        uint64_t bits = mask[i];
        size_t end = count + (size_t)_mm_popcnt_u64(bits);
        do {
            out[count++] = (uint16_t)(i * IMDB_BLOCK + _tzcnt_u64(bits));
            bits = _blsr_u64(bits);
        } while (bits);
        count = end;
    }
    return count;
}

AVX2 void imdb_encode_words_avx2(imdb_encoding *encoding) {
    imdb_encode_words(encoding, &(const imdb_kernels){classify, positions, few_positions});
}
#endif
