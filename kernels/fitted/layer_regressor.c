/* Numbers by a neural network that was fitted elsewhere. */
#include "layers.h"

/* One of several outputs for x. Traps if there is no such output. */
EXPORT(output)
double output(const double *row, uint32_t which) {
    run(row);
    require(which < outputs);
    apply_link();
    require(is_finite(out[which]));
    return out[which];
}

/* The model's y for x. */
EXPORT(predict)
double predict(const double *row) {
    return output(row, 0);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST; with what
 * the rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    require(outputs == 1 && can_count(count, n));
    require(are_numbers(rows, n * features) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, 0, targets[row]);
}

/* Learns that x has y. Traps, with the state as it was, if that would not leave it finite. */
EXPORT(update)
void update(const double *row, double target) {
    update_many(row, &target, 1);
}

#pragma clang attribute pop
