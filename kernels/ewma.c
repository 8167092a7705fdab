/* The EWMA chart: has the mean of a stream moved, in units of its own deviation?
 *
 * Source: S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages" (1959); B. P.
 * Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products" (1962), for
 * mean and variance since the last drift.
 */
#include "kernel.h"

#define MAX_ROWS 4096

STATE int64_t min_rows;
STATE double weight; /* Of the newest row in the average. */
STATE double width; /* Deviations of the average that are a drift. */
STATE int64_t count; /* Since the last drift. */
STATE double mean;
STATE double m2;
STATE double average; /* The one that moves. */
STATE double faded; /* (1 - weight)^(2 count): what the average still has of its first value. */
STATE uint32_t drift; /* 1 if the last row brought one. */
STATE int64_t drifts;
BUFFER double x[MAX_ROWS];

static void learn(double value) {
    /* After a drift nothing from before it counts. */
    const bool first = drift != 0 || count <= 0;
    const int64_t n = first ? 1 : count + 1;
    const double distance = first ? 0.0 : value - mean;
    const double center = first ? value : mean + distance / (double)n;
    const double squares = first ? 0.0 : m2 + distance * (value - center);
    const double moved = first ? value : average + weight * (value - average);
    const double left = (first ? 1.0 : faded) * (1.0 - weight) * (1.0 - weight);
    require(is_finite(center) && is_finite(squares) && is_finite(moved));
    require(can_count(drifts, 1));
    count = n;
    mean = center;
    m2 = squares;
    average = moved;
    faded = left;
    const double spread = squares / (double)n * (weight / (2.0 - weight)) * (1.0 - left);
    drift = n >= min_rows && __builtin_fabs(moved - center) > width * sqrt(spread);
    drifts += drift;
}

/* 1 if the last row brought a drift, else 0. */
EXPORT(predict)
uint32_t predict(void) {
    return drift;
}

/* Takes a number into account. Traps, with the state as it was, if it is not within LARGEST. */
EXPORT(update)
void update(double value) {
    require(can_count(count, 1) && is_number(value));
    learn(value);
}

/* The same for many; the tensor drifts tells how often there was one. Traps, with the state as it
 * was, if a number is not within LARGEST. */
EXPORT(update_many)
void update_many(const double *values, uint32_t n) {
    require(n <= MAX_ROWS && can_count(count, n) && are_numbers(values, n));
    for (uint32_t row = 0; row < n; row++) learn(values[row]);
}
