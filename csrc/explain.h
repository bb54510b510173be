/* What each word of a review adds to its logit, exactly: Integrated Gradients (Sundararajan et al.
 * 2017) along the straight path from as many <pad>. On it all windows of a filter start from one
 * value and move along straight lines, so the window that is the largest at the end is so all the
 * way, and the share of the path on which ReLU lets it through is known. The specification is the
 * Python twin, imdb_runtime/engines/cnn_reference.py. */
#ifndef IMDB_EXPLAIN_H
#define IMDB_EXPLAIN_H

#include "engine.h"

/* Memory to compute in: a value for each of the engine's features. */
typedef struct {
    int16_t *maxima;
    int32_t *windows;
} imdb_explain_scratch;

/* The logit of a review, that of as many <pad>, and what each word adds to the first from the
 * second: float [count]. The rows are there, and ids[count .. ahead) are of words that follow. */
void imdb_explain(const imdb_engine *engine, const int32_t *ids, size_t count, size_t ahead,
                  imdb_explain_scratch scratch, float *attributions, float *logit,
                  float *baseline);

#endif
