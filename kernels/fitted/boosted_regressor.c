/* Numbers by boosted trees that were fitted elsewhere. */
#include "boosted.h"

/* The model's y for x. */
EXPORT(predict)
double predict(const double *row) {
    run(row);
    apply_link();
    return out[0];
}

/* The same for many rows. Traps, with the state as it was, on a bad number. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    prepare(rows, n);
    require(can_count(count, n) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, 0, targets[row]);
}

/* Learns that x has y. Traps, with the state as it was, if the leaves would not stay finite. */
EXPORT(update)
void update(const double *row, double target) {
    update_many(row, &target, 1);
}

#pragma clang attribute pop
