/* Naive Bayes by counts, of which a kernel says how they speak for a class. */
#include "arena.h"

STATE double alpha;  /* Added to each count. */
STATE uint32_t free; /* 1 if the frequencies of classes are their priors, 0 if these are fixed. */

/* In the arena, in this order. */
static double *counts; /* A row for each class. */
static double *rows_of; /* How many rows each class has. */
static double *log_prior;

/* What speaks for a class beside its rows. */
static void set_priors(void) {
    double all = 0.0;
    for (uint32_t k = 0; k < outputs; k++) all += rows_of[k];
    for (uint32_t k = 0; k < outputs; k++)
        out[k] = !free ? log_prior[k] : rows_of[k] > 0.0 ? log(rows_of[k]) - log(all) : -1e300;
}

static void run(const double *row);
static void check(const double *row);
static void learn(const double *row, uint32_t target);

/* The most probable class; of equal ones the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    run(row);
    return largest();
}

/* The logarithm of the joint probability of a row and a class, but for what all classes share. */
EXPORT(log_joint)
double log_joint(const double *row, uint32_t which) {
    run(row);
    require(which < outputs);
    return out[which];
}

/* The probability of a class. Traps if there is no such class. */
EXPORT(probability)
double probability(const double *row, uint32_t which) {
    run(row);
    require(which < outputs);
    apply_link();
    return out[which];
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    require(can_count(count, n));
    for (uint32_t row = 0; row < n; row++) {
        check(rows + row * features);
        require(targets[row] < outputs);
    }
    for (uint32_t row = 0; row < n; row++) {
        learn(rows + row * features, targets[row]);
        rows_of[targets[row]] += 1.0;
        count++;
    }
}

/* Learns that x is of a class. Traps, with the state as it was, on a bad number or class. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    update_many(row, &target, 1);
}
