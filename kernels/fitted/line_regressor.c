/* Numbers by linear predictors that were fitted elsewhere. */
#include "lines.h"

/* The model's y for x. */
EXPORT(predict)
double predict(const double *row) {
    run(row);
    apply_link();
    require(is_finite(out[0]));
    return out[0];
}

/* One of several outputs for x. Traps if there is no such output. */
EXPORT(output)
double output(const double *row, uint32_t which) {
    require(is_ready() && which < outputs && are_numbers(row, features));
    return sum_of(row, which);
}

static void learn(const double *row, double target) {
    run(row);
    const double z = out[0], down = slope(z, target);
    out[0] = down == 0.0 ? 0.0 : down * length_of(row, z, target);
    go_down(row);
}

/* Learns that x has y. Traps, with the state as it was, if that would not leave it finite. */
EXPORT(update)
void update(const double *row, double target) {
    require(outputs == 1 && can_count(count, 1) && is_number(target));
    learn(row, target);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST; with what
 * the rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    require(outputs == 1 && can_count(count, n) && is_ready());
    require(are_numbers(rows, n * features) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}

#pragma clang attribute pop
