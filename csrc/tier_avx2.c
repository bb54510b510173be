/* The tier of AVX2: 32 bytes at a time. */
#include "tiers.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

typedef struct {
    uint32_t word, printing, joiner, point, less;
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
    };
}

AVX2 static inline __m256i classify_block(imdb_blocks *blocks, size_t block, const uint8_t *bytes) {
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
    return _mm256_or_si256(low, high);
}

AVX2 static void classify(imdb_blocks *blocks, const uint8_t *text, size_t size) {
    __m256i all = _mm256_setzero_si256();
    size_t block = 1;
    for (; size >= IMDB_BLOCK; size -= IMDB_BLOCK, text += IMDB_BLOCK, block++)
        all = _mm256_or_si256(all, classify_block(blocks, block, text));
    if (size) {
        uint8_t padded[IMDB_BLOCK] = {0};
        memcpy(padded, text, size);
        all = _mm256_or_si256(all, classify_block(blocks, block++, padded));
    }
    imdb_end_blocks(blocks, block, bits_of(all) != 0);
}

/* `usual` positions a block are written whatever its bits, `step` at a time after that: a branch
 * that few blocks take is foreseen. */
AVX2 static inline __attribute__((always_inline)) size_t
positions_of(const uint64_t *mask, size_t blocks, uint16_t *out, size_t usual, size_t step) {
    size_t count = 0;
    for (size_t i = 1; i <= blocks; i++) {
        uint64_t bits = mask[i];
        size_t here = (size_t)_mm_popcnt_u64(bits);
        uint16_t *place = out + count;
        count += here;
        for (size_t j = 0; j < usual; j++, bits = _blsr_u64(bits))
            place[j] = (uint16_t)(i * IMDB_BLOCK + _tzcnt_u64(bits));
        for (size_t at = usual; __builtin_expect(at < here, 0); at += step)
            for (size_t j = 0; j < step; j++, bits = _blsr_u64(bits))
                place[at + j] = (uint16_t)(i * IMDB_BLOCK + _tzcnt_u64(bits));
    }
    return count;
}

AVX2 static size_t positions(const uint64_t *mask, size_t blocks, uint16_t *out) {
    return positions_of(mask, blocks, out, 16, 4);
}

AVX2 static size_t few_positions(const uint64_t *mask, size_t blocks, uint16_t *out) {
    return positions_of(mask, blocks, out, 1, 1);
}

AVX2 void imdb_encode_words_avx2(imdb_encoding *encoding) {
    imdb_encode_words(encoding, &(const imdb_kernels){classify, positions, few_positions});
}
#endif
