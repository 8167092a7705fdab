/* Gaussian naive Bayes: in each class every feature is normal, independent of the others.
 *
 * Source: B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products"
 * (1962) for the sums; scikit-learn, "GaussianNB", for the smoothing of variances.
 */
#include "kernel.h"

#define MAX_CLASSES 64
#define MAX_CELLS 1024 /* Classes times features. */
#define X_SIZE 4096
#define MAX_ROWS 512
#define LOG_2_PI 0x1.d67f1c864beb5p+0

STATE uint32_t classes;
STATE uint32_t features;
STATE double smoothing; /* Of the largest variance of a feature, added to each variance. */
STATE int64_t count[MAX_CLASSES];
STATE double mean[MAX_CELLS];
STATE double m2[MAX_CELLS];
BUFFER double x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];

static bool is_ready(void) {
    return is_size(classes, MAX_CLASSES) && is_size(features, MAX_CELLS / classes);
}

static double total(void) {
    int64_t sum = 0;
    for (uint32_t each = 0; each < classes; each++) sum += count[each];
    return (double)sum;
}

/* What is added to each variance: a share of the largest that a feature has over all classes. */
static double floor_of_variances(void) {
    const double n = total();
    double largest = 0.0;
    for (uint32_t i = 0; i < features; i++) {
        double center = 0.0;
        for (uint32_t each = 0; each < classes; each++)
            center += (double)count[each] * mean[each * features + i];
        center /= n;
        double squares = 0.0;
        for (uint32_t each = 0; each < classes; each++) {
            const double delta = mean[each * features + i] - center;
            squares += m2[each * features + i] + (double)count[each] * (delta * delta);
        }
        if (squares / n > largest) largest = squares / n;
    }
    /* The smallest normal number: logarithm and division need more than 0. */
    return smoothing * largest + 0x1p-1022;
}

/* The logarithm of the probability of the class and the density of x in it. */
static double joint(const double *row, uint32_t which, double least) {
    if (count[which] <= 0) return -__builtin_inf();
    const double n = (double)count[which];
    double sum = log(n / total());
    for (uint32_t i = 0; i < features; i++) {
        const double variance = m2[which * features + i] / n + least;
        const double delta = row[i] - mean[which * features + i];
        sum -= 0.5 * (LOG_2_PI + log(variance) + delta * delta / variance);
    }
    return sum;
}

static void learn(const double *row, uint32_t which) {
    double *center = mean + which * features, *squares = m2 + which * features;
    const double n = (double)(count[which] + 1);
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - center[i];
        const double next = center[i] + delta / n;
        require(is_finite(next) && is_finite(squares[i] + delta * (row[i] - next)));
    }
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - center[i];
        center[i] += delta / n;
        squares[i] += delta * (row[i] - center[i]);
    }
    count[which]++;
}

/* The most probable class; of equal ones, and before the first row, the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    require(is_ready() && are_numbers(row, features));
    const double least = floor_of_variances();
    uint32_t best = 0;
    double largest = -__builtin_inf();
    for (uint32_t each = 0; each < classes; each++) {
        const double value = joint(row, each, least);
        if (value > largest) {
            best = each;
            largest = value;
        }
    }
    return best;
}

/* The logarithm of the probability of a class and the density of x in it; -inf for a class that
 * no row had. */
EXPORT(log_joint)
double log_joint(const double *row, uint32_t which) {
    require(is_ready() && which < classes && are_numbers(row, features));
    return joint(row, which, floor_of_variances());
}

/* Learns that x is of a class. Traps, with the state as it was, if there is no such class or the
 * state would not stay finite. */
EXPORT(update)
void update(const double *row, uint32_t which) {
    require(is_ready() && which < classes && can_count(count[which], 1));
    require(are_numbers(row, features));
    learn(row, which);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *which, uint32_t n) {
    require(is_ready() && n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++)
        require(which[row] < classes && can_count(count[which[row]], n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, which[row]);
}
