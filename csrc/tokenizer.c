#include "tokenizer.h"

#include <string.h>

#include "tiers.h"
#include "unicode_tables.h"

/* The workspace begins where a cache line does. */
#define CACHE_LINE 64

size_t imdb_scratch_size(size_t size) {
    return CACHE_LINE + sizeof(imdb_workspace) + size + size / 2 + 4;
}

static const imdb_character *character(uint32_t code) {
    return &imdb_records[imdb_page_records[imdb_pages[code >> 8]][code & 255]];
}

/* U+FFFD separates words in both schemes: it stands for a byte that is no UTF-8. */
#define NOT_UTF8 0xFFFD

static bool continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* The character at `at` (< size), and in *width its bytes: a whole well-formed sequence
 * (Unicode 3.9, table 3-7), or one byte that starts none. */
static uint32_t decode(const uint8_t *text, size_t size, size_t at, size_t *width) {
    const uint8_t *s = text + at;
    size_t left = size - at;
    *width = 1;
    if (s[0] < 0x80) return s[0];
    if (s[0] < 0xE0) {
        if (s[0] < 0xC2 || left < 2 || !continues(s[1])) return NOT_UTF8;
        *width = 2;
        return (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    }
    if (s[0] < 0xF0) {
        if (left < 3 || !continues(s[1]) || !continues(s[2])) return NOT_UTF8;
        uint32_t code = (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
        if (code < 0x800 || (code >= 0xD800 && code < 0xE000)) return NOT_UTF8;
        *width = 3;
        return code;
    }
    if (left < 4 || !continues(s[1]) || !continues(s[2]) || !continues(s[3])) return NOT_UTF8;
    uint32_t code = (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 |
                    (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
    if (s[0] > 0xF4 || code < 0x10000 || code > 0x10FFFF) return NOT_UTF8;
    *width = 4;
    return code;
}

static uint8_t *append(uint8_t *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (uint8_t)code;
    } else if (code < 0x800) {
        *out++ = (uint8_t)(0xC0 | code >> 6);
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (uint8_t)(0xE0 | code >> 12);
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | code >> 18);
        *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    }
    return out;
}

/* The character at `at` in lower case and typewriter form, its kind and its width in bytes;
 * a separator at the end of the text. */
static uint32_t folded(const imdb_scanner *s, size_t at, uint8_t *kind, size_t *width) {
    if (at >= s->size) {
        *kind = IMDB_SEPARATOR;
        *width = 0;
        return ' ';
    }
    uint32_t code = decode(s->text, s->size, at, width);
    const imdb_character *c = character(code);
    *kind = c->kind;
    return c->fold ? c->fold : (uint32_t)((int32_t)code + c->lower);
}

size_t imdb_line_break(const uint8_t *text, size_t left) {
    size_t i = 3;
    if (left < 4 || text[0] != '<' || (text[1] | 32) != 'b' || (text[2] | 32) != 'r') return 0;
    if (i < left && text[i] == ' ') i++;
    if (i < left && text[i] == '/') i++;
    return i < left && text[i] == '>' ? i + 1 : 0;
}

/* Read what of a word is ASCII and followed by ASCII: what read_word does, but fast. */
static uint8_t *read_ascii(imdb_scanner *s, uint8_t *out, uint32_t *before, bool *apostrophe) {
    const uint8_t *at = s->text + s->position, *end = s->text + s->size;
    uint8_t last = *before < 0x80 ? (uint8_t)*before : 0;
    bool joined = false;
    for (; at < end; at++) {
        uint8_t lower = imdb_lower_word(*at);
        if (!lower) {
            if (at + 1 == end || !imdb_lower_word(at[1])) break;
            bool in_number = imdb_is_digit(last) && imdb_is_digit(at[1]);
            if (*at != '\'' && !(in_number && (*at == '.' || *at == ','))) break;
            joined |= *at == '\'';
            lower = *at;
        }
        *out++ = last = lower;
    }
    s->position = (size_t)(at - s->text);
    *before = last;
    *apostrophe |= joined;
    return out;
}

/* Read one word, whose first character is at s->position, into s->word. */
static bool read_word(imdb_scanner *s, uint32_t code, size_t width) {
    uint8_t *out = s->word;
    bool apostrophe = false;
    uint8_t kind = IMDB_WORD;
    uint32_t before = 0;
    while (kind == IMDB_WORD) {
        out = append(out, code);
        s->position += width;
        before = code;
        out = read_ascii(s, out, &before, &apostrophe);
        code = folded(s, s->position, &kind, &width);
        if (code == '\'' || ((code == '.' || code == ',') && imdb_is_digit(before))) {
            uint8_t kind_after;
            size_t width_after;
            uint32_t after = folded(s, s->position + width, &kind_after, &width_after);
            bool joins = kind_after == IMDB_WORD && (code == '\'' || imdb_is_digit(after));
            if (!joins) break;
            apostrophe |= code == '\'';
            *out++ = (uint8_t)code;
            s->position += width;
            code = after;
            width = width_after;
            kind = IMDB_WORD;
        }
    }
    s->word_size = (size_t)(out - s->word);
    return apostrophe;
}

/* Whether a character of a word, in UTF-8, begins or goes on at byte i: not its end, not ' . , */
static bool word_goes_on(const imdb_scanner *s, size_t i) {
    return i < s->word_size && s->word[i] != '\'' && s->word[i] != '.' && s->word[i] != ',';
}

/* Where the clitic (`n't 's 'm 'd 'll 're 've`) begins whose apostrophe is byte i of the word; the
 * word's end where there is none. */
static size_t clitic(const imdb_scanner *s, size_t i) {
    const uint8_t *w = s->word + i;
    size_t left = s->word_size - i;
    if (left >= 2 && !word_goes_on(s, i + 2)) {
        if (w[1] == 's' || w[1] == 'm' || w[1] == 'd') return i;
        if (w[1] == 't' && i > s->piece + 1 && w[-1] == 'n') return i - 1;
    } else if (left >= 3 && !word_goes_on(s, i + 3)) {
        if (w[1] == 'l' && w[2] == 'l') return i;
        if ((w[1] == 'r' || w[1] == 'v') && w[2] == 'e') return i;
    }
    return s->word_size;
}

/* The next piece of a word that has apostrophes: up to where the next clitic begins. */
static size_t next_piece(const imdb_scanner *s) {
    size_t next = s->word_size;
    for (size_t i = s->piece + 1; i < s->word_size && next == s->word_size; i++)
        if (s->word[i] == '\'') next = clitic(s, i);
    return next;
}

static bool give(imdb_scanner *s, size_t end, const uint8_t **word, size_t *size) {
    *word = s->word + s->piece;
    *size = end - s->piece;
    s->piece = end;
    return true;
}

static bool next_of_words(imdb_scanner *s, const uint8_t **word, size_t *size) {
    if (s->piece < s->word_size) return give(s, next_piece(s), word, size);
    while (s->position < s->size) {
        const uint8_t *at = s->text + s->position;
        /* A byte that starts no character, and is no more than a separator, or a line break. */
        size_t skip = *at >= 0x80 && *at < 0xC2 ? 1
                      : *at == '<'             ? imdb_line_break(at, s->size - s->position)
                                               : 0;
        if (skip) {
            s->position += skip;
            continue;
        }
        uint8_t kind;
        size_t width;
        uint32_t code = folded(s, s->position, &kind, &width);
        if (kind == IMDB_SEPARATOR) {
            s->position += width;
            continue;
        }
        s->piece = 0;
        if (kind == IMDB_WORD) {
            bool apostrophe = read_word(s, code, width);
            return give(s, apostrophe ? next_piece(s) : s->word_size, word, size);
        }
        s->word_size = (size_t)(append(s->word, code) - s->word);
        s->position += width;
        if (code == '.' && s->position < s->size && s->text[s->position] == '.') {
            while (s->position < s->size && s->text[s->position] == '.') s->position++;
            memcpy(s->word, "...", 3);
            s->word_size = 3;
        }
        return give(s, s->word_size, word, size);
    }
    return false;
}

static bool next_of_whitespace(imdb_scanner *s, const uint8_t **word, size_t *size) {
    uint8_t *out = s->word;
    size_t width;
    for (; s->position < s->size; s->position += width) {
        uint32_t code = s->text[s->position];
        width = 1;
        if (imdb_lower_word((uint8_t)code)) {
            *out++ = imdb_lower_word((uint8_t)code);
            continue;
        }
        if (code >= 0x80) code = decode(s->text, s->size, s->position, &width);
        const imdb_character *c = character(code);
        if (!c->space)
            out = append(out, (uint32_t)((int32_t)code + c->lower));
        else if (out != s->word)
            break;
    }
    *word = s->word;
    *size = (size_t)(out - s->word);
    return *size > 0;
}

void imdb_scanner_start(imdb_scanner *scanner, imdb_scheme scheme, const uint8_t *text, size_t size,
                        uint8_t *scratch) {
    *scanner = (imdb_scanner){.scheme = scheme, .text = text, .size = size, .word = scratch};
}

bool imdb_scanner_next(imdb_scanner *scanner, const uint8_t **word, size_t *size) {
    return scanner->scheme == IMDB_SCHEME_WORDS ? next_of_words(scanner, word, size)
                                                : next_of_whitespace(scanner, word, size);
}

void imdb_encode_scanned(imdb_encoding *encoding, imdb_scheme scheme, size_t start, size_t end) {
    imdb_scanner scanner;
    imdb_scanner_start(&scanner, scheme, encoding->text + start, end - start, encoding->word);
    const uint8_t *word;
    size_t size;
    for (; imdb_scanner_next(&scanner, &word, &size); encoding->count++)
        if (encoding->count < encoding->limit)
            encoding->ids[encoding->count] =
                imdb_vocabulary_find(encoding->vocabulary, word, size);
}

size_t imdb_encode(const imdb_vocabulary *vocabulary, imdb_scheme scheme, const uint8_t *text,
                   size_t size, uint8_t *scratch, int32_t *ids, size_t limit) {
    scratch += -(uintptr_t)scratch % CACHE_LINE;
    imdb_encoding encoding = {
        .vocabulary = vocabulary,
        .short_words = imdb_vocabulary_short_words(vocabulary),
        .text = text,
        .size = size,
        .workspace = (imdb_workspace *)(void *)scratch,
        .word = scratch + sizeof(imdb_workspace),
        .ids = ids,
        .limit = limit,
    };
    if (scheme == IMDB_SCHEME_WORDS && encoding.short_words)
        imdb_vocabulary_tier(vocabulary)->encode_words(&encoding);
    else
        imdb_encode_scanned(&encoding, scheme, 0, size);
    return encoding.count;
}
