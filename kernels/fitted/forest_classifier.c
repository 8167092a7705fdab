/* Classes by a tree or a forest that was fitted elsewhere. */
#define TARGET uint32_t
#define COLUMN_OF(target) (target)
#define VALUE_OF(target) 1.0

#include "forest.h"

/* The most probable class; of equal ones the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    run(row);
    return largest();
}

/* The probability of a class. Traps if there is no such class. */
EXPORT(probability)
double probability(const double *row, uint32_t which) {
    run(row);
    require(which < outputs);
    return out[which];
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    prepare(rows, n);
    require(can_count(count, n));
    for (uint32_t row = 0; row < n; row++) require(targets[row] < outputs);
    learn(rows, targets, n);
}

/* Learns that x is of a class. Traps, with the state as it was, on a bad number or class. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    update_many(row, &target, 1);
}

#pragma clang attribute pop
