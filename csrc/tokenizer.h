/* UTF-8 text to words and word ids. The specification, line for line, is the Python twin,
 * imdb_runtime/tokenizer/reference.py. */
#ifndef IMDB_TOKENIZER_H
#define IMDB_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vocabulary.h"

typedef enum { IMDB_SCHEME_WORDS, IMDB_SCHEME_WHITESPACE } imdb_scheme;

/* Where in a text the next word is looked for. */
typedef struct {
    imdb_scheme scheme;
    const uint8_t *text;
    size_t size, position;
    uint8_t *word;          /* the word read last, lower-case, with its clitics */
    size_t word_size;
    size_t piece;           /* where in `word` the next piece begins */
} imdb_scanner;

/* The bytes of `<br>`, `<br/>` or `<br />`, in any case, with which `left` bytes of text begin; 0
 * where they do not. */
size_t imdb_line_break(const uint8_t *text, size_t left);

/* How many bytes of scratch a text of `size` bytes needs: lower case can turn two bytes into three
 * (U+023A), never more. */
size_t imdb_scratch_size(size_t size);

/* Start on a text. `scratch` belongs to the caller and outlives the scanner. */
void imdb_scanner_start(imdb_scanner *scanner, imdb_scheme scheme, const uint8_t *text, size_t size,
                        uint8_t *scratch);

/* The next word, valid until the next call; false at the end of the text. */
bool imdb_scanner_next(imdb_scanner *scanner, const uint8_t **word, size_t *size);

/* The ids of the first `limit` words of a text, written to `ids`; returns how many words the whole
 * text has. */
size_t imdb_encode(const imdb_vocabulary *vocabulary, imdb_scheme scheme, const uint8_t *text,
                   size_t size, uint8_t *scratch, int32_t *ids, size_t limit);

#endif
