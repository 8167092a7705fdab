/* Naive Bayes by what the other classes have: for classes of very different sizes.
 *
 * Source: J. D. M. Rennie and others, "Tackling the Poor Assumptions of Naive Bayes Text Classifiers"
 * (2003).
 */
#include "bayes.h"

STATE uint32_t norm; /* 1 if the weights of a class are divided by their sum. */

static void check(const double *row) {
    require(fits(((uint64_t)features + 2) * outputs * 8));
    counts = ARENA;
    rows_of = counts + outputs * features;
    log_prior = rows_of + outputs;
    for (uint32_t i = 0; i < features; i++) require(is_number(row[i]) && row[i] >= 0.0);
}

/* Occurrences of a feature in all classes but one. */
static double elsewhere(uint32_t class, uint32_t i) {
    double sum = alpha;
    for (uint32_t k = 0; k < outputs; k++)
        if (k != class) sum += counts[k * features + i];
    return sum;
}

static void run(const double *row) {
    check(row);
    set_priors();
    for (uint32_t k = 0; k < outputs; k++) {
        double all = 0.0, logs = 0.0;
        if (outputs > 1) out[k] = 0.0;
        for (uint32_t i = 0; i < features; i++) all += elsewhere(k, i);
        for (uint32_t i = 0; i < features && norm; i++) logs += log(elsewhere(k, i) / all);
        for (uint32_t i = 0; i < features; i++) {
            const double weight = log(elsewhere(k, i) / all);
            out[k] += row[i] * (norm ? weight / logs : -weight);
        }
    }
}

static void learn(const double *row, uint32_t target) {
    for (uint32_t i = 0; i < features; i++) counts[target * features + i] += row[i];
}

#pragma clang attribute pop
