/* The Page-Hinkley test: has the mean of a stream moved?
 *
 * Source: E. S. Page, "Continuous Inspection Schemes" (1954); River, "PageHinkley", for both
 * directions and the forgetting factor.
 */
#include "kernel.h"

#define MAX_ROWS 4096

STATE int64_t min_rows;
STATE double delta;
STATE double threshold;
STATE double alpha;
STATE int64_t count; /* Since the last drift. */
STATE double mean;
STATE double up; /* How far x has been above the mean, all in all. */
STATE double least_up;
STATE double down;
STATE double most_down;
STATE uint32_t drift; /* 1 if the last row brought one. */
STATE int64_t drifts;
BUFFER double x[MAX_ROWS];

static void learn(double value) {
    /* After a drift everything starts anew. */
    const bool first = drift != 0 || count <= 0;
    const int64_t n = first ? 1 : count + 1;
    const double center = first ? value : mean + (value - mean) / (double)n;
    const double distance = value - center;
    const double rise = (first ? 0.0 : alpha * up) + distance - delta;
    const double fall = (first ? 0.0 : alpha * down) + distance + delta;
    require(is_finite(center) && is_finite(rise) && is_finite(fall));
    require(can_count(drifts, 1));
    count = n;
    mean = center;
    up = rise;
    down = fall;
    if (first || rise < least_up) least_up = rise;
    if (first || fall > most_down) most_down = fall;
    drift = n >= min_rows && (up - least_up > threshold || most_down - down > threshold);
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
