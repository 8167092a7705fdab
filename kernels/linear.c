/* Linear regression, learned by stochastic gradient descent on the squared error.
 *
 * Source: B. Widrow, M. E. Hoff, "Adaptive Switching Circuits" (1960).
 */
#include "kernel.h"

#define MAX_FEATURES 512
#define X_SIZE 4096
#define MAX_ROWS 1024

STATE uint32_t features;
STATE int64_t count;
STATE double lr;
STATE double weights[MAX_FEATURES];
STATE double bias;
BUFFER double x[X_SIZE];
BUFFER double y[MAX_ROWS];

static double value(const double *row) {
    return dot(weights, row, features) + bias;
}

static void learn(const double *row, double target) {
    const double step = lr * (2.0 * (value(row) - target));
    for (uint32_t i = 0; i < features; i++) require(is_finite(weights[i] - step * row[i]));
    require(is_finite(bias - step));
    for (uint32_t i = 0; i < features; i++) weights[i] -= step * row[i];
    bias -= step;
    count++;
}

/* The model's y for x. */
EXPORT(predict)
double predict(const double *row) {
    require(is_size(features, MAX_FEATURES) && are_numbers(row, features));
    const double prediction = value(row);
    require(is_finite(prediction));
    return prediction;
}

/* Learns that x has y. Traps, with the state as it was, if that would not leave it finite. */
EXPORT(update)
void update(const double *row, double target) {
    require(is_size(features, MAX_FEATURES) && can_count(count, 1));
    require(are_numbers(row, features) && is_number(target));
    learn(row, target);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST; with what
 * the rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
