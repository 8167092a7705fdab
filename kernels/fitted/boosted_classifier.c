/* Classes by boosted trees that were fitted elsewhere. */
#include "boosted.h"

/* The class that the trees speak for. */
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

/* The same for many rows. Traps, with the state as it was, on a bad number or class. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    prepare(rows, n);
    require(can_count(count, n));
    for (uint32_t row = 0; row < n; row++) require(targets[row] < class_count());
    for (uint32_t row = 0; row < n; row++) {
        const uint32_t target = targets[row];
        learn(rows + row * features, outputs == 1 ? 0 : target, outputs == 1 ? target : 1.0);
    }
}

/* Learns that x is of a class. Traps, with the state as it was, on a bad number or class. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    update_many(row, &target, 1);
}

#pragma clang attribute pop
