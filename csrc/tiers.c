#include "tiers.h"

static const imdb_tier scalar = {"scalar", imdb_encode_words_scalar};

#ifdef __x86_64__
static const imdb_tier avx2 = {"avx2", imdb_encode_words_avx2};

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

const imdb_tier *imdb_tier_number(size_t number) {
    const imdb_tier *tiers[] = {&avx2, &scalar, NULL};
    number += !has_avx2();
    return number < 2 ? tiers[number] : NULL;
}
#else
const imdb_tier *imdb_tier_number(size_t number) { return number == 0 ? &scalar : NULL; }
#endif
