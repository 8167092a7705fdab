/* Naive Bayes for categories; of two, a threshold may tell which.
 *
 * Source: M. E. Maron, "Automatic Indexing: an Experimental Inquiry" (1961); A. McCallum, K. Nigam,
 * "A Comparison of Event Models for Naive Bayes Text Classification" (1998), for two.
 */
#include "bayes.h"

STATE uint32_t columns;  /* Categories of all features. */
STATE uint32_t binary;   /* 1 if the category is whether a feature is above the threshold. */
STATE double threshold;

static uint32_t *first; /* Behind the priors: the column of each feature's first category. */

/* The column of a feature's category. Traps if there is none. */
static uint32_t column_of(const double *row, uint32_t i) {
    const double x = row[i];
    require(is_number(x));
    if (binary) return first[i] + (x > threshold);
    require(x >= 0.0 && x < 4294967296.0);
    const uint32_t category = (uint32_t)x;
    require((double)category == x && category < first[i + 1] - first[i]);
    return first[i] + category;
}

static void check(const double *row) {
    require(fits(((uint64_t)columns + 2) * outputs * 8 + 4 * ((uint64_t)features + 1)));
    counts = ARENA;
    rows_of = counts + outputs * columns;
    log_prior = rows_of + outputs;
    first = (uint32_t *)(log_prior + outputs);
    for (uint32_t i = 0; i < features; i++) require(column_of(row, i) < columns);
}

static void run(const double *row) {
    check(row);
    set_priors();
    for (uint32_t k = 0; k < outputs; k++) {
        for (uint32_t i = 0; i < features; i++) {
            const double all = rows_of[k] + alpha * (first[i + 1] - first[i]);
            out[k] += log(counts[k * columns + column_of(row, i)] + alpha) - log(all);
        }
    }
}

static void learn(const double *row, uint32_t target) {
    for (uint32_t i = 0; i < features; i++) counts[target * columns + column_of(row, i)] += 1.0;
}

#pragma clang attribute pop
