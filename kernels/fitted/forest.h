/* The average of trees, of which each leaf is the mean of the rows that came to it.
 *
 * Source: L. Breiman, "Random Forests" (2001).
 */
#define WIDTH outputs

#include "trees.h"

static void run(const double *row) {
    prepare(row, 1);
    for (uint32_t k = 0; k < outputs; k++) out[k] = base[k];
    for (uint32_t t = 0; t < trees; t++) {
        const uint32_t leaf = leaf_of(row, t);
        for (uint32_t k = 0; k < outputs; k++) out[k] += sums[leaf * outputs + k] / weight[leaf];
    }
    for (uint32_t k = 0; k < outputs; k++) out[k] /= trees;
}

/* Puts a row into its leaf of each tree. */
static void learn(const double *row, uint32_t output, double y) {
    for (uint32_t t = 0; t < trees; t++) {
        const uint32_t leaf = leaf_of(row, t);
        sums[leaf * outputs + output] += y;
        weight[leaf] += 1.0;
    }
    count++;
}
