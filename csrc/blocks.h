/* A stretch of text as bit masks: 64 bytes a block, one bit a byte. */
#ifndef IMDB_BLOCKS_H
#define IMDB_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMDB_BLOCK 64
#define IMDB_STRETCH 4096 /* bytes at most: all that is worked on at a time stays in the L1 cache */
#define IMDB_BLOCKS (IMDB_STRETCH / IMDB_BLOCK)

/* Byte i of the stretch has the position IMDB_BLOCK + i: the first block and the last are empty,
 * so that every byte has neighbours on both sides. */
typedef struct {
    uint8_t lower[IMDB_STRETCH + 2 * IMDB_BLOCK]; /* the bytes, ASCII letters in lower case */
    uint64_t word[IMDB_BLOCKS + 2];     /* ASCII letters and digits */
    uint64_t mark[IMDB_BLOCKS + 2];     /* other ASCII characters that are tokens */
    uint64_t joiner[IMDB_BLOCKS + 2];   /* of the marks, ' . , */
    uint64_t point[IMDB_BLOCKS + 2];    /* of the marks, . */
    uint64_t less[IMDB_BLOCKS + 2];     /* of the marks, < */
    uint64_t wide[IMDB_BLOCKS + 2];     /* bytes that are not ASCII */
    bool has_wide;                      /* whether there are any */
} imdb_blocks;

/* What each tier has its own code for. */
typedef struct {
    /* Fill in the masks of the blocks that `size` (at most IMDB_STRETCH) bytes of text touch, what
     * lies beyond its end being zeros, and `lower`. Reads no byte outside the text. */
    void (*classify)(imdb_blocks *blocks, const uint8_t *text, size_t size);
    /* Write the positions of all bits in mask[1] .. mask[blocks]; returns how many. May write up
     * to IMDB_BLOCK positions more. The second is for masks of few bits. */
    size_t (*positions)(const uint64_t *mask, size_t blocks, uint16_t *positions);
    size_t (*few_positions)(const uint64_t *mask, size_t blocks, uint16_t *positions);
} imdb_kernels;

#endif
