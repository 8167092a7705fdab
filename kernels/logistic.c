/* Logistic regression of standardised features, learned by stochastic gradient descent.
 *
 * Source: D. R. Cox, "The Regression Analysis of Binary Sequences" (1958) for the model; H. Robbins,
 * S. Monro, "A Stochastic Approximation Method" (1951) for the descent.
 */
#define MAX_FEATURES 512
#define X_SIZE 4096
#define MAX_ROWS 1024

#include "scaler.h"

STATE double lr;
STATE double weights[MAX_FEATURES];
STATE double bias;
BUFFER double x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];

static double probability(void) {
    return sigmoid(dot(weights, scaled, features) + bias);
}

static void learn(const double *row, uint32_t target) {
    move_scale(row);
    const double step = lr * (probability() - (double)target);
    for (uint32_t i = 0; i < features; i++) require(is_finite(weights[i] - step * scaled[i]));
    require(is_finite(bias - step));
    for (uint32_t i = 0; i < features; i++) weights[i] -= step * scaled[i];
    bias -= step;
    keep_scale();
}

/* The probability of label 1. */
EXPORT(predict)
double predict(const double *row) {
    require(is_size(features, MAX_FEATURES) && are_numbers(row, features));
    look_at(row);
    const double result = probability();
    require(is_finite(result));
    return result;
}

/* Learns that x has the label 0 or 1. Traps, with the state as it was, if there is no such label
 * or the state would not stay finite. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    require(is_size(features, MAX_FEATURES) && can_count(count, 1));
    require(target <= 1 && are_numbers(row, features));
    learn(row, target);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST or a label
 * neither 0 nor 1; with what the rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) require(targets[row] <= 1);
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
