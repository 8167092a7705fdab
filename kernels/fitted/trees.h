/* Trees: how a row finds its leaf.
 *
 * A node sends a row to one of two children; a child is a node behind it, or, if negative, the
 * complement of a leaf. A leaf has the sum of what it was to predict and the weight of that: their
 * quotient is its value. So a row goes on as if it had been there from the start, and the sums of
 * devices add up. WIDTH is how many sums a leaf has.
 *
 * Source: L. Breiman and others, "Classification and Regression Trees" (1984).
 */
#include "arena.h"

STATE uint32_t trees;
STATE uint32_t nodes;
STATE uint32_t leaves;
STATE uint32_t single;  /* 1 if features are compared in single precision. */
STATE uint32_t missing; /* 1 if features may be NaN. */

/* In the arena, in this order, behind the thresholds of the nodes. */
static double *sums;   /* WIDTH of each leaf. */
static double *weight; /* Of each leaf. */
static double *base;   /* Of each output: what is predicted without the trees. */
static int32_t *children;
static int32_t *roots;
static uint16_t *feature; /* Of each node; the highest bit is set if NaN goes to the first child. */

/* Finds the tensors, and looks at rows before anything is done with the first. */
static void prepare(const double *rows, uint32_t n) {
    const uint64_t doubles = (uint64_t)leaves * (WIDTH + 1) + outputs;
    require(fits(8 * doubles + 18 * (uint64_t)nodes + 4 * (uint64_t)trees));
    sums = ARENA + nodes;
    weight = sums + leaves * WIDTH;
    base = weight + leaves;
    children = (int32_t *)(base + outputs);
    roots = children + 2 * nodes;
    feature = (uint16_t *)(roots + trees);
    require(missing || are_finite(rows, n * features));
}

static uint32_t leaf_of(const double *row, uint32_t tree) {
    int32_t node = roots[tree];
    while (node >= 0) {
        const uint32_t which = feature[node];
        double x = row[which & 0x7fff];
        if (single) x = (float)x;
        const bool first = x != x ? which >> 15 : x <= ARENA[node];
        const int32_t child = children[2 * node + !first];
        require(child < 0 || child > node); /* So there is an end. */
        node = child;
    }
    require(~(uint32_t)node < leaves);
    return ~(uint32_t)node;
}
