/* Numbers by a tree or a forest that was fitted elsewhere. */
#define TARGET double
#define COLUMN_OF(target) 0
#define VALUE_OF(target) (target)

#include "forest.h"

/* One of several outputs for x. Traps if there is no such output. */
EXPORT(output)
double output(const double *row, uint32_t which) {
    run(row);
    require(which < outputs);
    return out[which];
}

/* The model's y for x. */
EXPORT(predict)
double predict(const double *row) {
    return output(row, 0);
}

/* The same for many rows. Traps, with the state as it was, on a bad number. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    prepare(rows, n);
    require(can_count(count, n) && are_numbers(targets, n));
    learn(rows, targets, n);
}

/* Learns that x has y. Traps, with the state as it was, on a bad number. */
EXPORT(update)
void update(const double *row, double target) {
    update_many(row, &target, 1);
}

#pragma clang attribute pop
