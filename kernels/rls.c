/* Recursive least squares with exponential forgetting: a line that follows what changes.
 *
 * Nothing is forgotten while the covariance would grow beyond what it was before the first row: of a
 * feature that does not change there is nothing to follow, and the covariance would grow for ever.
 *
 * Source: R. L. Plackett, "Some Theorems in Least Squares" (1950); K. J. Astrom, B. Wittenmark,
 * "Adaptive Control" (1995), "Exponential Forgetting".
 */
#include "kernel.h"

#define MAX_FEATURES 48
#define MAX_COLUMNS (MAX_FEATURES + 1) /* The features, and 1 for the bias. */
#define X_SIZE 2048
#define MAX_ROWS 512

STATE uint32_t features;
STATE int64_t count;
STATE double forgetting; /* How much a row counts one row later: 1 forgets nothing. */
STATE double variance; /* Of each weight before the first row. */
STATE double weights[MAX_FEATURES];
STATE double bias;
STATE double covariance[MAX_COLUMNS * MAX_COLUMNS];
BUFFER double x[X_SIZE];
BUFFER double y[MAX_ROWS];
static double gain[MAX_COLUMNS];

static double value(const double *row) {
    return dot(weights, row, features) + bias;
}

static void learn(const double *row, double target) {
    const uint32_t columns = features + 1;
    for (uint32_t i = 0; i < columns; i++) {
        const double *line = covariance + i * columns;
        gain[i] = dot(line, row, features) + line[features];
    }
    const double scale = 1.0 / (forgetting + (dot(gain, row, features) + gain[features]));
    const double step = scale * (target - value(row));
    require(scale > 0.0 && is_finite(bias + step * gain[features]));
    for (uint32_t i = 0; i < features; i++) require(is_finite(weights[i] + step * gain[i]));
    double trace = 0.0;
    for (uint32_t i = 0; i < columns; i++)
        trace += covariance[i * columns + i] - scale * (gain[i] * gain[i]);
    const bool forgets = trace / forgetting <= variance * columns;
    const double remember = forgets ? 1.0 / forgetting : 1.0;
    require(is_finite(trace));
    for (uint32_t i = 0; i < features; i++) weights[i] += step * gain[i];
    bias += step * gain[features];
    for (uint32_t i = 0; i < columns; i++) {
        double *line = covariance + i * columns;
        for (uint32_t k = 0; k < columns; k++)
            line[k] = remember * (line[k] - scale * (gain[i] * gain[k]));
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
 * the rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
