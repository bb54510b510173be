/* The tier of every machine: one byte at a time. */
#include "tiers.h"

/* What a byte is: a bit each for the masks word, mark, joiner, point, less and for not ASCII. */
enum { S = 0, W = 1, M = 2, J = M | 4, P = J | 8, L = M | 16, N = 32 };

static const uint8_t classes[256] = {
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, M, M, M, M, M, M, J, M, M, M, M, J, M, P, M, W, W, W, W, W, W, W, W, W, W, M, M, L, M, M, M,
    M, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, M, M, M, M, M,
    M, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, M, M, M, M, S,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N};

static void classify(imdb_blocks *blocks, const uint8_t *text, size_t size) {
    uint64_t all_wide = 0;
    size_t block = 1;
    for (size_t start = 0; start < size; start += IMDB_BLOCK, block++) {
        uint64_t word = 0, mark = 0, joiner = 0, point = 0, less = 0, wide = 0;
        uint8_t *lower = blocks->lower + block * IMDB_BLOCK;
        size_t bytes = size - start < IMDB_BLOCK ? size - start : IMDB_BLOCK;
        for (size_t i = 0; i < bytes; i++) {
            uint8_t byte = text[start + i];
            uint64_t class = classes[byte];
            word |= (class & 1) << i;
            mark |= (class >> 1 & 1) << i;
            joiner |= (class >> 2 & 1) << i;
            point |= (class >> 3 & 1) << i;
            less |= (class >> 4 & 1) << i;
            wide |= (class >> 5) << i;
            lower[i] = byte | (uint8_t)((uint8_t)(byte - 'A') < 26) << 5;
        }
        memset(lower + bytes, 0, IMDB_BLOCK - bytes);
        blocks->word[block] = word;
        blocks->mark[block] = mark;
        blocks->joiner[block] = joiner;
        blocks->point[block] = point;
        blocks->less[block] = less;
        blocks->wide[block] = wide;
        all_wide |= wide;
    }
    blocks->has_wide = all_wide != 0;
    imdb_end_blocks(blocks, block);
}

static size_t positions(const uint64_t *mask, size_t blocks, uint16_t *out) {
    size_t count = 0;
    for (size_t i = 1; i <= blocks; i++)
        for (uint64_t bits = mask[i]; bits; bits &= bits - 1)
            out[count++] = (uint16_t)(i * IMDB_BLOCK + imdb_lowest(bits));
    return count;
}

void imdb_encode_words_scalar(imdb_encoding *encoding) {
    imdb_encode_words(encoding, &(const imdb_kernels){classify, positions, positions});
}
