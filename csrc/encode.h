/* Text to ids by bit masks, for scheme `words`: the same words as the scanner's (tokenizer.c).
 *
 * A stretch of text becomes masks; the masks give the first and last byte of each token; tokens
 * become keys, and keys ids. What is not ASCII is left to the scanner, with all that touches it.
 * One inline function, so that each tier compiles it for its own instructions. */
#ifndef IMDB_ENCODE_H
#define IMDB_ENCODE_H

#include <string.h>

#include "blocks.h"
#include "tokenizer.h"
#include "vocabulary.h"

#define IMDB_INLINE static inline __attribute__((always_inline))

enum { IMDB_GROUP = 256 }; /* tokens whose slots are fetched before the first is looked at */

typedef struct {
    imdb_blocks blocks;
    uint64_t split[IMDB_BLOCKS + 2];  /* where a clitic begins within a word */
    uint64_t first[IMDB_BLOCKS + 2], last[IMDB_BLOCKS + 2]; /* bytes of tokens */
    uint64_t wide[IMDB_BLOCKS + 2];   /* first bytes of what is left to the scanner */
    uint16_t firsts[IMDB_STRETCH + IMDB_BLOCK], lasts[IMDB_STRETCH + IMDB_BLOCK];
    imdb_key keys[IMDB_GROUP];
    const imdb_key *slots[IMDB_GROUP];
    uint16_t longs[IMDB_GROUP];
} imdb_workspace;

/* What imdb_encode was given, and how many words it has found so far. */
typedef struct {
    const imdb_vocabulary *vocabulary;
    const imdb_short_words *short_words;
    const uint8_t *text;
    size_t size;
    imdb_workspace *workspace;
    uint8_t *word; /* for the scanner */
    int32_t *ids;
    size_t limit, count;
} imdb_encoding;

/* The words of text[start .. end), which is cut from its neighbours, by the scanner. */
void imdb_encode_scanned(imdb_encoding *encoding, imdb_scheme scheme, size_t start, size_t end);

IMDB_INLINE unsigned imdb_lowest(uint64_t bits) { return (unsigned)__builtin_ctzll(bits); }

IMDB_INLINE uint64_t imdb_bit(size_t position) { return UINT64_C(1) << (position % 64); }

IMDB_INLINE bool imdb_has(const uint64_t *mask, size_t position) {
    return mask[position / 64] >> (position % 64) & 1;
}

/* Masks moved by one byte: the bit of a byte tells of the byte before it, or after it. */
IMDB_INLINE uint64_t imdb_before(const uint64_t *mask, size_t block) {
    return mask[block] << 1 | mask[block - 1] >> 63;
}

IMDB_INLINE uint64_t imdb_after(const uint64_t *mask, size_t block) {
    return mask[block] >> 1 | mask[block + 1] << 63;
}

/* After the last block of a stretch. */
IMDB_INLINE void imdb_end_blocks(imdb_blocks *blocks, size_t block) {
    blocks->word[block] = blocks->point[block] = 0;
    memset(blocks->lower + block * IMDB_BLOCK, 0, IMDB_BLOCK);
}

/* Where the run of bits that `position` is in ends. */
IMDB_INLINE size_t imdb_run_end(const uint64_t *mask, size_t position) {
    for (;; position = (position / 64 + 1) * 64) {
        uint64_t gap = ~mask[position / 64] >> (position % 64);
        if (gap) return position + imdb_lowest(gap);
    }
}

IMDB_INLINE void imdb_clear(uint64_t *mask, size_t start, size_t end) {
    for (; start < end; start = (start / 64 + 1) * 64) {
        uint64_t bits = ~UINT64_C(0) << (start % 64);
        if (end / 64 == start / 64) bits &= imdb_bit(end) - 1;
        mask[start / 64] &= ~bits;
    }
}

IMDB_INLINE bool imdb_is_digit(uint32_t code) { return code - '0' < 10; }

/* The lower case of a word character of ASCII; 0 where a byte is none. */
IMDB_INLINE uint8_t imdb_lower_word(uint8_t byte) {
    uint8_t lower = byte | 32;
    if ((uint8_t)(lower - 'a') < 26) return lower;
    return imdb_is_digit(byte) ? byte : 0;
}

/* Whether a byte may be part of one token with others: all but the separators of ASCII and those of
 * its marks that are always alone. */
IMDB_INLINE bool imdb_may_join(uint8_t byte) {
    return byte >= 0x80 || imdb_lower_word(byte) || byte == '\'' || byte == '.' || byte == ',';
}

/* `<br />` and its like become separators. Returns where the last one ends. */
IMDB_INLINE size_t imdb_clear_line_breaks(const imdb_encoding *encoding, size_t start,
                                          size_t blocks) {
    imdb_blocks *b = &encoding->workspace->blocks;
    size_t end = 0;
    for (size_t i = 1; i <= blocks; i++) {
        for (uint64_t less = b->less[i]; less; less &= less - 1) {
            size_t position = i * 64 + imdb_lowest(less);
            size_t at = start + position - IMDB_BLOCK;
            size_t width = imdb_line_break(encoding->text + at, encoding->size - at);
            if (!width) continue;
            end = position + width;
            imdb_clear(b->word, position, end);
            imdb_clear(b->mark, position, end);
        }
    }
    return end;
}

/* Apostrophes between letters, and points and commas between digits, become part of their words;
 * clitics begin tokens of their own. */
IMDB_INLINE void imdb_join(imdb_workspace *w, const imdb_kernels *kernels, size_t blocks) {
    imdb_blocks *b = &w->blocks;
    for (size_t i = 1; i <= blocks; i++)
        w->first[i] = b->joiner[i] & imdb_before(b->word, i) & imdb_after(b->word, i);
    memset(w->split, 0, (blocks + 2) * sizeof *w->split);
    const uint16_t *end = w->firsts + kernels->few_positions(w->first, blocks, w->firsts);
    for (const uint16_t *at = w->firsts; at < end; at++) {
        size_t p = *at;
        const uint8_t *s = b->lower + p;
        uint64_t apostrophe = s[0] == '\'';
        uint64_t joins = apostrophe | (uint64_t)(imdb_is_digit(s[-1]) && imdb_is_digit(s[1]));
        b->word[p / 64] |= joins << (p % 64);
        b->mark[p / 64] &= ~(joins << (p % 64));
        uint64_t one = (s[1] == 's') | (s[1] == 'm') | (s[1] == 'd');
        uint64_t two = ((s[1] == 'l') & (s[2] == 'l')) |
                       (((s[1] == 'r') | (s[1] == 'v')) & (s[2] == 'e'));
        uint64_t not = (s[-1] == 'n') & (s[1] == 't') & imdb_has(b->word, p - 2);
        uint64_t splits = (((one | not) & !imdb_lower_word(s[2])) | (two & !imdb_lower_word(s[3])));
        p -= not;
        w->split[p / 64] |= (splits & apostrophe) << (p % 64);
    }
}

/* The first and last bytes of all tokens. */
IMDB_INLINE void imdb_delimit(imdb_workspace *w, size_t blocks) {
    imdb_blocks *b = &w->blocks;
    for (size_t i = 1; i <= blocks; i++) {
        uint64_t before = imdb_before(b->point, i), point = b->point[i];
        /* Of points in a row the first alone is a token, and has the key of an ellipsis. */
        uint64_t mark = b->mark[i] & ~(point & before);
        uint64_t ellipsis = point & ~before & imdb_after(b->point, i);
        for (; ellipsis; ellipsis &= ellipsis - 1) b->lower[i * 64 + imdb_lowest(ellipsis)] = 0;
        uint64_t word = b->word[i];
        w->first[i] = (word & ~imdb_before(b->word, i)) | w->split[i] | mark;
        w->last[i] = (word & ~imdb_after(b->word, i)) | imdb_after(w->split, i) | mark;
    }
}

/* What is not ASCII, with all that could belong to one word with it, becomes one token each time,
 * marked in `wide`. */
IMDB_INLINE void imdb_set_wide_apart(imdb_workspace *w, size_t blocks) {
    const imdb_blocks *b = &w->blocks;
    uint64_t touching[IMDB_BLOCKS + 2];
    touching[0] = touching[blocks + 1] = 0;
    for (size_t i = 1; i <= blocks; i++) {
        w->wide[i] = b->wide[i];
        touching[i] = b->word[i] | b->joiner[i] | b->wide[i];
    }
    for (size_t i = 1; i <= blocks; i++) {
        for (uint64_t rest = w->wide[i]; rest; rest &= w->wide[i]) {
            size_t start = i * 64 + imdb_lowest(rest), end = imdb_run_end(touching, start);
            while (imdb_has(touching, start - 1)) start--;
            imdb_clear(w->first, start, end);
            imdb_clear(w->last, start, end);
            imdb_clear(w->wide, start, end);
            w->first[start / 64] |= imdb_bit(start);
            w->last[(end - 1) / 64] |= imdb_bit(end - 1);
            w->wide[start / 64] |= imdb_bit(start);
            rest &= rest - 1;
        }
    }
}

/* The ids of `count` tokens, at most IMDB_GROUP, from number `from` on. First all keys are taken
 * and their slots fetched, then the slots are looked at. */
IMDB_INLINE void imdb_look_up(const imdb_encoding *encoding, size_t from, size_t count,
                              int32_t *ids) {
    /* The bits of a key's halves that a word has whose last byte is number 0, 1, 2 … */
    static const struct {
        uint64_t low[IMDB_SHORT_WORD], high[IMDB_SHORT_WORD];
    } bits = {{0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF,
               UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
              {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF}};
    imdb_workspace *w = encoding->workspace;
    const imdb_short_words short_words = *encoding->short_words;
    const uint16_t *firsts = w->firsts + from, *lasts = w->lasts + from;
    const imdb_key **slots = w->slots;
    imdb_key *key = w->keys;
    size_t longs = 0;
    for (size_t i = 0; i < count; i++) {
        size_t first = firsts[i], last = lasts[i] - first;
        if (__builtin_expect(last >= IMDB_SHORT_WORD, 0)) {
            w->longs[longs++] = (uint16_t)i;
            last = 0;
        }
        memcpy(key, w->blocks.lower + first, sizeof *key);
        key->low &= bits.low[last];
        key->high &= bits.high[last];
        slots[i] = short_words.slots + imdb_find_slot(&short_words, *key++);
        __builtin_prefetch(slots[i]);
    }
    for (size_t i = 0; i < count; i++)
        ids[i] = imdb_id_in_slot(slots[i], w->keys[i], IMDB_UNKNOWN_ID);
    for (size_t i = 0; i < longs; i++) {
        size_t token = w->longs[i];
        ids[token] = imdb_vocabulary_find(encoding->vocabulary, w->blocks.lower + firsts[token],
                                          (size_t)(lasts[token] - firsts[token] + 1));
    }
}

IMDB_INLINE void imdb_give(imdb_encoding *encoding, size_t from, size_t to) {
    for (; from < to && encoding->count < encoding->limit; from += IMDB_GROUP) {
        size_t group = to - from < IMDB_GROUP ? to - from : IMDB_GROUP;
        size_t room = encoding->limit - encoding->count;
        imdb_look_up(encoding, from, group < room ? group : room, encoding->ids + encoding->count);
        encoding->count += group;
    }
    if (from < to) encoding->count += to - from;
}

/* As imdb_give, of the first `tokens`, some of which are for the scanner. */
IMDB_INLINE void imdb_give_with_wide(imdb_encoding *encoding, size_t start, size_t blocks,
                                     size_t tokens) {
    const imdb_workspace *w = encoding->workspace;
    size_t token = 0, given = 0;
    for (size_t i = 1; i <= blocks; i++) {
        for (uint64_t wide = w->wide[i]; wide; wide &= wide - 1) {
            while (token < tokens && w->firsts[token] < i * 64 + imdb_lowest(wide)) token++;
            if (token == tokens) break;
            imdb_give(encoding, given, token);
            imdb_encode_scanned(encoding, IMDB_SCHEME_WORDS, start + w->firsts[token] - IMDB_BLOCK,
                                start + w->lasts[token] + 1 - IMDB_BLOCK);
            given = token + 1;
        }
    }
    imdb_give(encoding, given, tokens);
}

/* Where, after a token of unknown length at `start`, the text may be cut. */
IMDB_INLINE size_t imdb_cut_after(const imdb_encoding *encoding, size_t start) {
    do start++;
    while (start < encoding->size && imdb_may_join(encoding->text[start]));
    return start;
}

/* Encode one stretch, at `start`, which the text before does not touch; returns where the next
 * one starts. */
IMDB_INLINE size_t imdb_encode_stretch(imdb_encoding *encoding, const imdb_kernels *kernels,
                                       size_t start) {
    imdb_workspace *w = encoding->workspace;
    size_t size = encoding->size - start < IMDB_STRETCH ? encoding->size - start : IMDB_STRETCH;
    size_t blocks = (size + IMDB_BLOCK - 1) / IMDB_BLOCK;
    kernels->classify(&w->blocks, encoding->text + start, size);
    size_t line_break_end = imdb_clear_line_breaks(encoding, start, blocks);
    imdb_join(w, kernels, blocks);
    imdb_delimit(w, blocks);
    if (w->blocks.has_wide) imdb_set_wide_apart(w, blocks);
    size_t tokens = kernels->positions(w->first, blocks, w->firsts), end = IMDB_BLOCK + size;
    kernels->positions(w->last, blocks, w->lasts);
    if (start + size < encoding->size) {
        /* The last token may go on, and so may the one before it if a joiner is between them. The
         * text is cut before them, but never within a word. */
        if (tokens == 0) {
            if (line_break_end > end) end = line_break_end;
        } else {
            tokens--;
            if (tokens && imdb_has(w->blocks.joiner, end - 1)) tokens--;
            while (tokens && imdb_has(w->split, w->firsts[tokens])) tokens--;
            end = w->firsts[tokens];
        }
    }
    if (end == IMDB_BLOCK) {
        size_t next = imdb_cut_after(encoding, start);
        imdb_encode_scanned(encoding, IMDB_SCHEME_WORDS, start, next);
        return next;
    }
    if (w->blocks.has_wide)
        imdb_give_with_wide(encoding, start, blocks, tokens);
    else
        imdb_give(encoding, 0, tokens);
    return start + end - IMDB_BLOCK;
}

IMDB_INLINE void imdb_encode_words(imdb_encoding *encoding, const imdb_kernels *kernels) {
    imdb_blocks *blocks = &encoding->workspace->blocks;
    blocks->word[0] = blocks->point[0] = 0;
    memset(blocks->lower, 0, IMDB_BLOCK);
    for (size_t start = 0; start < encoding->size;)
        start = imdb_encode_stretch(encoding, kernels, start);
}

#endif
