/* Classes by a neural network that was fitted elsewhere. */
#include "layers.h"

/* The most probable class; of equal ones the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    run(row);
    return outputs == 1 ? out[0] > 0.0 : largest();
}

/* The probability of a class. Traps if there is no such class. */
EXPORT(probability)
double probability(const double *row, uint32_t which) {
    run(row);
    apply_link();
    return said_of(which, 1.0);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class; with what the
 * rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    require(can_count(count, n) && are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) require(targets[row] < class_count());
    for (uint32_t row = 0; row < n; row++) {
        const uint32_t target = targets[row];
        learn(rows + row * features, outputs == 1 ? 0 : target, outputs == 1 ? target : 1.0);
    }
}

/* Learns that x is of a class. Traps, with the state as it was, if there is no such class or the
 * weights would not stay finite. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    update_many(row, &target, 1);
}

#pragma clang attribute pop
