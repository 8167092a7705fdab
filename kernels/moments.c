/* Mean and variance of each feature of a stream, one row at a time.
 *
 * Source: B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products"
 * (1962). Two states are joined as in T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae
 * and a Pairwise Algorithm for Computing Sample Variances" (1979).
 */
#include "kernel.h"

#define MAX_FEATURES 512
#define X_SIZE 4096

STATE uint32_t features;
STATE int64_t count;
STATE double mean[MAX_FEATURES];
STATE double m2[MAX_FEATURES]; /* The sum of the squared distances from the mean. */
BUFFER double x[X_SIZE];

static void learn(const double *row) {
    const double n = (double)(count + 1);
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - mean[i];
        const double next = mean[i] + delta / n;
        require(is_finite(next) && is_finite(m2[i] + delta * (row[i] - next)));
    }
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - mean[i];
        mean[i] += delta / n;
        m2[i] += delta * (row[i] - mean[i]);
    }
    count++;
}

/* Takes a row into account. Traps, with the state as it was, if that would not leave it finite. */
EXPORT(update)
void update(const double *row) {
    require(is_size(features, MAX_FEATURES) && can_count(count, 1) && are_numbers(row, features));
    learn(row);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST. */
EXPORT(update_many)
void update_many(const double *rows, uint32_t n) {
    require(is_size(features, MAX_FEATURES) && can_count(count, n));
    require(n <= X_SIZE / features && are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features);
}

/* The mean of a feature so far; 0 before the first row. */
EXPORT(predict)
double predict(uint32_t feature) {
    require(is_size(features, MAX_FEATURES) && feature < features);
    return mean[feature];
}

/* The sample variance of a feature; NaN before the second row. */
EXPORT(variance)
double variance(uint32_t feature) {
    require(is_size(features, MAX_FEATURES) && feature < features);
    return count < 2 ? __builtin_nan("") : m2[feature] / (double)(count - 1);
}
