/* Logistic regression by FTRL-Proximal: a learning rate for each feature, and weights that are 0.
 *
 * Source: H. B. McMahan and others, "Ad Click Prediction: a View from the Trenches" (2013),
 * "Algorithm 1".
 */
#include "kernel.h"

#define MAX_FEATURES 512
#define MAX_COLUMNS (MAX_FEATURES + 1) /* The features, and 1 for the bias. */
#define X_SIZE 4096
#define MAX_ROWS 1024

STATE uint32_t features;
STATE int64_t count;
STATE double lr; /* The paper's alpha. */
STATE double smoothing; /* The paper's beta. */
STATE double l1;
STATE double l2;
STATE double z[MAX_COLUMNS];
STATE double squares[MAX_COLUMNS]; /* Of gradients, summed: the paper's n. */
BUFFER double x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];
static double weights[MAX_COLUMNS];

static double weight(uint32_t i) {
    if (z[i] >= -l1 && z[i] <= l1) return 0.0;
    const double shrunk = z[i] < 0.0 ? z[i] + l1 : z[i] - l1;
    return -shrunk / ((smoothing + sqrt(squares[i])) / lr + l2);
}

static double probability(const double *row) {
    for (uint32_t i = 0; i <= features; i++) weights[i] = weight(i);
    return sigmoid(dot(weights, row, features) + weights[features]);
}

static double next_squares(uint32_t i, double gradient) {
    return squares[i] + gradient * gradient;
}

static double next_z(uint32_t i, double gradient) {
    const double rate = (sqrt(next_squares(i, gradient)) - sqrt(squares[i])) / lr;
    return z[i] + (gradient - rate * weights[i]);
}

static void learn(const double *row, uint32_t target) {
    const double slope = probability(row) - (double)target;
    for (uint32_t i = 0; i <= features; i++) {
        const double gradient = slope * (i < features ? row[i] : 1.0);
        require(is_finite(next_squares(i, gradient)) && is_finite(next_z(i, gradient)));
    }
    for (uint32_t i = 0; i <= features; i++) {
        const double gradient = slope * (i < features ? row[i] : 1.0);
        z[i] = next_z(i, gradient);
        squares[i] = next_squares(i, gradient);
    }
    count++;
}

/* The probability of label 1. */
EXPORT(predict)
double predict(const double *row) {
    require(is_size(features, MAX_FEATURES) && are_numbers(row, features));
    const double result = probability(row);
    require(is_finite(result));
    return result;
}

/* The weight of a feature; the bias, if the index is the number of features. */
EXPORT(coefficient)
double coefficient(uint32_t index) {
    require(is_size(features, MAX_FEATURES) && index <= features);
    return weight(index);
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
 * neither 0 nor 1. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) require(targets[row] <= 1);
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
