/* Ordinary least squares and ridge regression from sums: the same line as from all rows at once.
 *
 * The sums are those about the means, updated as in Welford's recursion: sums about zero lose their
 * digits to the squares of the means. The equations are solved when somebody asks.
 *
 * Source: C.-T. Chu and others, "Map-Reduce for Machine Learning on Multicore" (2006) for the form;
 * A. E. Hoerl, R. W. Kennard, "Ridge Regression" (1970).
 */
#include "linear_algebra.h"

#define MAX_FEATURES 48
#define MAX_COLUMNS (MAX_FEATURES + 1) /* The features, and y as the last. */
#define X_SIZE 2048
#define MAX_ROWS 512

STATE uint32_t features;
STATE uint32_t intercept; /* 1: the line need not go through zero. */
STATE int64_t count;
STATE double l2; /* Weighs the squares of the weights, the intercept's not. */
STATE double mean[MAX_COLUMNS];
STATE double m2[MAX_COLUMNS * MAX_COLUMNS]; /* Sums of products of distances from the means. */
BUFFER double x[X_SIZE];
BUFFER double y[MAX_ROWS];
static double delta[MAX_COLUMNS];
static double matrix[MAX_FEATURES * MAX_FEATURES];
static double weights[MAX_FEATURES];

static void learn(const double *row, double target) {
    const uint32_t columns = features + 1;
    const double n = (double)(count + 1);
    const double share = (double)count / n;
    for (uint32_t i = 0; i < columns; i++) {
        delta[i] = (i < features ? row[i] : target) - mean[i];
        /* No product is larger than the square of the larger factor: the diagonal tells. */
        require(is_finite(m2[i * columns + i] + delta[i] * delta[i]));
    }
    for (uint32_t i = 0; i < columns; i++) {
        mean[i] += delta[i] / n;
        for (uint32_t k = 0; k < columns; k++)
            m2[i * columns + k] += share * (delta[i] * delta[k]);
    }
    count++;
}

/* Solves for the weights; returns the intercept. */
static double fit(void) {
    const uint32_t columns = features + 1;
    const double origin = intercept != 0 ? 0.0 : (double)count; /* Moves the sums to zero. */
    for (uint32_t i = 0; i < features; i++) {
        for (uint32_t k = 0; k < features; k++)
            matrix[i * features + k] = m2[i * columns + k] + origin * (mean[i] * mean[k]);
        matrix[i * features + i] += l2;
        weights[i] = m2[i * columns + features] + origin * (mean[i] * mean[features]);
    }
    cholesky(matrix, features);
    solve(matrix, weights, features);
    return intercept != 0 ? mean[features] - dot(weights, mean, features) : 0.0;
}

/* The line's y for x; 0 before the first row. A feature that depends on those before it has the
 * weight 0. */
EXPORT(predict)
double predict(const double *row) {
    require(is_size(features, MAX_FEATURES) && are_numbers(row, features));
    const double constant = fit();
    const double prediction = dot(weights, row, features) + constant;
    require(is_finite(prediction));
    return prediction;
}

/* The weight of a feature; the intercept, if the index is the number of features. */
EXPORT(coefficient)
double coefficient(uint32_t index) {
    require(is_size(features, MAX_FEATURES) && index <= features);
    const double constant = fit();
    return index < features ? weights[index] : constant;
}

/* Takes a row into account. Traps, with the state as it was, if that would not leave it finite. */
EXPORT(update)
void update(const double *row, double target) {
    require(is_size(features, MAX_FEATURES) && can_count(count, 1));
    require(are_numbers(row, features) && is_number(target));
    learn(row, target);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST. */
EXPORT(update_many)
void update_many(const double *rows, const double *targets, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features) && are_numbers(targets, n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
