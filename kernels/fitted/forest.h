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

/* Puts rows into their leaves, tree by tree: the nodes of one stay at hand. No tree needs another. */
static void learn(const double *rows, const TARGET *targets, uint32_t n) {
    for (uint32_t t = 0; t < trees; t++) {
        for (uint32_t row = 0; row < n; row++) {
            const uint32_t leaf = leaf_of(rows + row * features, t);
            sums[leaf * outputs + COLUMN_OF(targets[row])] += VALUE_OF(targets[row]);
            weight[leaf] += 1.0;
        }
    }
    count += n;
}
