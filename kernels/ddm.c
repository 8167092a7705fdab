/* The drift detection method: has a classifier begun to err more often?
 *
 * Source: J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with Drift Detection" (2004).
 */
#include "kernel.h"

#define MAX_ROWS 4096

STATE int64_t min_rows;
STATE double warning;
STATE double alarm;
STATE int64_t count; /* Since the last drift. */
STATE int64_t errors;
STATE double least_rate;
STATE double least_deviation;
STATE uint32_t level; /* After the last row: 0 all is well, 1 a warning, 2 a drift. */
STATE int64_t drifts;
BUFFER uint32_t error[MAX_ROWS];

static void learn(uint32_t wrong) {
    if (level == 2) { /* After a drift everything starts anew. */
        count = 0;
        errors = 0;
        least_rate = 0.0;
        least_deviation = 0.0;
    }
    count++;
    errors += wrong;
    level = 0;
    if (count <= min_rows) return;
    const double rate = (double)errors / (double)count;
    const double deviation = sqrt(rate * (1.0 - rate) / (double)count);
    if (count == min_rows + 1 || rate + deviation <= least_rate + least_deviation) {
        least_rate = rate;
        least_deviation = deviation;
    }
    if (rate + deviation > least_rate + alarm * least_deviation) level = 2;
    else if (rate + deviation > least_rate + warning * least_deviation) level = 1;
    drifts += level == 2;
}

static bool is_ready(uint32_t n) {
    return can_count(count, n) && can_count(drifts, n) && errors >= 0 && errors <= count
        && min_rows >= 0;
}

/* After the last row: 0 if all is well, 1 for a warning, 2 for a drift. */
EXPORT(predict)
uint32_t predict(void) {
    return level;
}

/* Takes into account whether the classifier erred, 0 or 1. Traps, with the state as it was, on
 * another number. */
EXPORT(update)
void update(uint32_t wrong) {
    require(is_ready(1) && wrong <= 1);
    learn(wrong);
}

/* The same for many; the tensor drifts tells how often there was one. */
EXPORT(update_many)
void update_many(const uint32_t *wrong, uint32_t n) {
    require(is_ready(n) && n <= MAX_ROWS);
    for (uint32_t row = 0; row < n; row++) require(wrong[row] <= 1);
    for (uint32_t row = 0; row < n; row++) learn(wrong[row]);
}
