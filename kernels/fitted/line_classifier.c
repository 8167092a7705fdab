/* Classes by linear predictors that were fitted elsewhere. */
#include "lines.h"

/* The class that the outputs speak for. */
EXPORT(predict)
uint32_t predict(const double *row) {
    run(row);
    return outputs == 1 ? out[0] > 0.0 : largest();
}

/* The output that speaks for a class; of two classes one output, or its negative. */
EXPORT(decision)
double decision(const double *row, uint32_t which) {
    run(row);
    return said_of(which, 0.0);
}

/* The probability of a class. Traps if there is no such class. */
EXPORT(probability)
double probability(const double *row, uint32_t which) {
    run(row);
    apply_link();
    return said_of(which, 1.0);
}

static void learn(const double *row, uint32_t target) {
    run(row);
    if (link == SOFTMAX && outputs > 1) apply_link();
    for (uint32_t k = 0; k < outputs; k++) {
        const bool is_it = outputs == 1 ? target == 1 : target == k;
        const double y = is_it ? 1.0 : -1.0, z = out[k];
        const double down = link == SOFTMAX ? z - is_it : slope(z, y);
        out[k] = down == 0.0 ? 0.0 : down * length_of(row, z, y);
    }
    go_down(row);
}

/* Learns that x is of a class. Traps, with the state as it was, if there is no such class or the
 * weights would not stay finite. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    require(target < class_count() && can_count(count, 1));
    learn(row, target);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class; with what the
 * rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    require(can_count(count, n) && is_ready() && are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) require(targets[row] < class_count());
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}

#pragma clang attribute pop
