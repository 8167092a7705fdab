/* Linear regression by AdaGrad: a learning rate for each feature, which falls as its gradients add
 * up. A feature that is seldom there still learns.
 *
 * Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and
 * Stochastic Optimization" (2011), "Diagonal Matrix Proximal Functions".
 */
#include "kernel.h"

#define MAX_FEATURES 512
#define MAX_COLUMNS (MAX_FEATURES + 1) /* The features, and 1 for the bias. */
#define X_SIZE 4096
#define MAX_ROWS 1024

STATE uint32_t features;
STATE int64_t count;
STATE double lr;
STATE double smoothing; /* The paper's delta. */
STATE double weights[MAX_COLUMNS];
STATE double squares[MAX_COLUMNS]; /* Of gradients, summed. */
BUFFER double x[X_SIZE];
BUFFER double y[MAX_ROWS];

static double value(const double *row) {
    return dot(weights, row, features) + weights[features];
}

static double next_squares(uint32_t i, double gradient) {
    return squares[i] + gradient * gradient;
}

static double next_weight(uint32_t i, double gradient) {
    return weights[i] - lr * gradient / (smoothing + sqrt(next_squares(i, gradient)));
}

static void learn(const double *row, double target) {
    const double slope = 2.0 * (value(row) - target);
    for (uint32_t i = 0; i <= features; i++) {
        const double gradient = slope * (i < features ? row[i] : 1.0);
        require(is_finite(next_squares(i, gradient)) && is_finite(next_weight(i, gradient)));
    }
    for (uint32_t i = 0; i <= features; i++) {
        const double gradient = slope * (i < features ? row[i] : 1.0);
        weights[i] = next_weight(i, gradient);
        squares[i] = next_squares(i, gradient);
    }
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
 * the rows before have taught if the state would not stay finite. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
