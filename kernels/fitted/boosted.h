/* Trees of which each corrects those before it; a stage has one for each output.
 *
 * A row adds to its leaf of each tree the gradient of the loss and its curvature, given the trees
 * before: a leaf is the step of Newton's method, and goes on as one. The rate shrinks it.
 *
 * Source: J. H. Friedman, "Greedy Function Approximation: a Gradient Boosting Machine" (2001).
 */
#define WIDTH 1

#include "trees.h"

STATE double rate;

static double raw[MAX_OUTPUTS];

/* Adds up the trees. */
static void run(const double *row) {
    prepare(row, 1);
    for (uint32_t k = 0; k < outputs; k++) out[k] = base[k];
    for (uint32_t t = 0; t < trees; t++) {
        const uint32_t leaf = leaf_of(row, t);
        out[t % outputs] += rate * (sums[leaf] / weight[leaf]);
    }
}

/* Moves the leaves of a row; only looks whether they stay finite if they are not to be written.
 * The target of output k is y if k is the class, else 0. */
static void descend(const double *row, uint32_t class, double y, bool write) {
    for (uint32_t k = 0; k < outputs; k++) raw[k] = base[k];
    for (uint32_t t = 0; t < trees; t++) {
        const uint32_t k = t % outputs, leaf = leaf_of(row, t);
        if (k == 0) {
            for (uint32_t i = 0; i < outputs; i++) out[i] = raw[i];
            apply_link();
        }
        const double p = out[k];
        const double sum = sums[leaf] + ((k == class ? y : 0.0) - p);
        const double heavy = weight[leaf] + (link == IDENTITY ? 1.0 : link == EXPONENTIAL ? p : p * (1.0 - p));
        raw[k] += rate * (sum / heavy);
        require(is_finite(raw[k]));
        if (!write) continue;
        sums[leaf] = sum;
        weight[leaf] = heavy;
    }
}

static void learn(const double *row, uint32_t class, double y) {
    descend(row, class, y, false);
    descend(row, class, y, true);
    count++;
}
