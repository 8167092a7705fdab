/* What is rare, by an isolation forest that was fitted elsewhere: random trees isolate it early.
 *
 * Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest" (2008).
 */
#define WIDTH 1

#include "trees.h"

STATE double depth; /* The sum of depths that is usual. */
STATE double offset;

/* How far a row is on the usual side; negative if it is rare. */
EXPORT(decision)
double decision(const double *row) {
    prepare(row, 1);
    double sum = base[0];
    for (uint32_t t = 0; t < trees; t++) sum += sums[leaf_of(row, t)];
    return -exp(-0.6931471805599453 * (sum / depth)) - offset;
}

/* 1 if it is usual, 0 if it is rare. */
EXPORT(predict)
uint32_t predict(const double *row) {
    return decision(row) >= 0.0;
}

#pragma clang attribute pop
