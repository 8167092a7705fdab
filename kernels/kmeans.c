/* K-means, one row at a time: the first k rows are the centers, each further one moves the nearest.
 *
 * Source: J. MacQueen, "Some Methods for Classification and Analysis of Multivariate Observations"
 * (1967).
 */
#include "kernel.h"

#define MAX_CLUSTERS 256
#define MAX_CELLS 2048 /* Clusters times features. */
#define X_SIZE 4096
#define MAX_ROWS 4096

STATE uint32_t clusters;
STATE uint32_t features;
STATE int64_t count[MAX_CLUSTERS];
STATE double centers[MAX_CELLS];
BUFFER double x[X_SIZE];

static bool is_ready(void) {
    return is_size(clusters, MAX_CLUSTERS) && is_size(features, MAX_CELLS / clusters);
}

static double squared_distance(const double *row, uint32_t which) {
    double sum = 0.0;
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - centers[which * features + i];
        sum += delta * delta;
    }
    return sum;
}

/* The nearest cluster that has a row; of equal ones, and before the first row, the first. */
static uint32_t nearest(const double *row) {
    uint32_t best = 0;
    double least = __builtin_inf();
    for (uint32_t each = 0; each < clusters; each++) {
        if (count[each] <= 0) continue;
        const double squared = squared_distance(row, each);
        if (squared < least) {
            best = each;
            least = squared;
        }
    }
    return best;
}

static void learn(const double *row) {
    uint32_t which = 0;
    while (which < clusters && count[which] > 0) which++;
    if (which == clusters) which = nearest(row);
    require(can_count(count[which], 1));
    double *center = centers + which * features;
    const double n = (double)(count[which] + 1);
    for (uint32_t i = 0; i < features; i++) require(is_finite(center[i] + (row[i] - center[i]) / n));
    for (uint32_t i = 0; i < features; i++) center[i] += (row[i] - center[i]) / n;
    count[which]++;
}

/* The nearest cluster. */
EXPORT(predict)
uint32_t predict(const double *row) {
    require(is_ready() && are_numbers(row, features));
    return nearest(row);
}

/* The distance from the center of the nearest cluster. */
EXPORT(distance)
double distance(const double *row) {
    require(is_ready() && are_numbers(row, features));
    return sqrt(squared_distance(row, nearest(row)));
}

/* Learns from a row. Traps, with the state as it was, if that would not leave it finite. */
EXPORT(update)
void update(const double *row) {
    require(is_ready() && are_numbers(row, features));
    learn(row);
}

/* The same for many rows. Traps, with the state as it was, if a number is not within LARGEST. */
EXPORT(update_many)
void update_many(const double *rows, uint32_t n) {
    require(is_ready() && n <= X_SIZE / features && are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features);
}
