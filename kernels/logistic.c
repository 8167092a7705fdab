/* Logistic regression of standardised features, learned by stochastic gradient descent.
 *
 * With scale = 1 each row first moves the running mean and variance of its features (Welford's
 * recursion), and is then standardised by them; with scale = 0 features are taken as they are.
 *
 * Source: D. R. Cox, "The Regression Analysis of Binary Sequences" (1958) for the model; H. Robbins,
 * S. Monro, "A Stochastic Approximation Method" (1951) for the descent.
 */
#include "kernel.h"

#define MAX_FEATURES 512
#define X_SIZE 4096
#define MAX_ROWS 1024

STATE uint32_t features;
STATE uint32_t scale;
STATE int64_t count;
STATE double lr;
STATE double weights[MAX_FEATURES];
STATE double bias;
STATE double mean[MAX_FEATURES];
STATE double m2[MAX_FEATURES];
BUFFER double x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];
static double scaled[MAX_FEATURES];
static double next_mean[MAX_FEATURES];
static double next_m2[MAX_FEATURES];

/* Standardises a row by a population variance; a feature that never changed becomes 0. */
static void standardise(const double *row, const double *center, const double *squares, double n) {
    for (uint32_t i = 0; i < features; i++) {
        if (scale == 0) scaled[i] = row[i];
        else if (squares[i] > 0.0) scaled[i] = (row[i] - center[i]) / sqrt(squares[i] / n);
        else scaled[i] = 0.0;
    }
}

static double probability(void) {
    return sigmoid(dot(weights, scaled, features) + bias);
}

static void learn(const double *row, uint32_t target) {
    const double n = (double)(count + 1);
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - mean[i];
        next_mean[i] = mean[i] + delta / n;
        next_m2[i] = m2[i] + delta * (row[i] - next_mean[i]);
    }
    require(are_finite(next_mean, features) && are_finite(next_m2, features));
    standardise(row, next_mean, next_m2, n);
    const double step = lr * (probability() - (double)target);
    for (uint32_t i = 0; i < features; i++) require(is_finite(weights[i] - step * scaled[i]));
    require(is_finite(bias - step));
    for (uint32_t i = 0; i < features; i++) {
        mean[i] = next_mean[i];
        m2[i] = next_m2[i];
        weights[i] -= step * scaled[i];
    }
    bias -= step;
    count++;
}

/* The probability of label 1. */
EXPORT(predict)
double predict(const double *row) {
    require(is_size(features, MAX_FEATURES) && are_numbers(row, features));
    standardise(row, mean, m2, count > 0 ? (double)count : 1.0);
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
