/* Multinomial naive Bayes: classes told apart by how often each word occurs.
 *
 * Source: A. McCallum, K. Nigam, "A Comparison of Event Models for Naive Bayes Text Classification"
 * (1998).
 */
#include "kernel.h"

#define MAX_CLASSES 64
#define MAX_CELLS 6144 /* Classes times features. */
#define X_SIZE 4096
#define MAX_ROWS 1024

STATE uint32_t classes;
STATE uint32_t features;
STATE double alpha; /* Added to each number of occurrences. */
STATE int64_t count[MAX_CLASSES];
STATE uint32_t occurrences[MAX_CELLS];
BUFFER uint32_t x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];

static bool is_ready(void) {
    return is_size(classes, MAX_CLASSES) && is_size(features, MAX_CELLS / classes);
}

static bool are_counts(const uint32_t *row, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (row[i] > INT32_MAX) return false;
    return true;
}

/* The logarithm of the probability of the class and of the words in it, but for a constant. */
static double joint(const uint32_t *row, uint32_t which) {
    if (count[which] <= 0) return -__builtin_inf();
    const uint32_t *words = occurrences + which * features;
    int64_t rows = 0;
    for (uint32_t each = 0; each < classes; each++) rows += count[each];
    double total = 0.0;
    for (uint32_t i = 0; i < features; i++) total += words[i];
    const double log_total = log(total + alpha * features);
    double sum = log((double)count[which] / (double)rows);
    for (uint32_t i = 0; i < features; i++)
        if (row[i] > 0) sum += row[i] * (log(words[i] + alpha) - log_total);
    return sum;
}

static void learn(const uint32_t *row, uint32_t which) {
    uint32_t *words = occurrences + which * features;
    for (uint32_t i = 0; i < features; i++) require(row[i] <= UINT32_MAX - words[i]);
    for (uint32_t i = 0; i < features; i++) words[i] += row[i];
    count[which]++;
}

/* The most probable class; of equal ones, and before the first row, the first. */
EXPORT(predict)
uint32_t predict(const uint32_t *row) {
    require(is_ready() && are_counts(row, features));
    uint32_t best = 0;
    double largest = -__builtin_inf();
    for (uint32_t each = 0; each < classes; each++) {
        const double value = joint(row, each);
        if (value > largest) {
            best = each;
            largest = value;
        }
    }
    return best;
}

/* The logarithm of the probability of a class and of x in it, but for a constant that all classes
 * share; -inf for a class that no row had. */
EXPORT(log_joint)
double log_joint(const uint32_t *row, uint32_t which) {
    require(is_ready() && which < classes && are_counts(row, features));
    return joint(row, which);
}

/* Learns that x is of a class. Traps, with the state as it was, if there is no such class, a number
 * is negative, or a counter is full. */
EXPORT(update)
void update(const uint32_t *row, uint32_t which) {
    require(is_ready() && which < classes && can_count(count[which], 1));
    require(are_counts(row, features));
    learn(row, which);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class; with what the
 * rows before have taught if a counter is full. */
EXPORT(update_many)
void update_many(const uint32_t *rows, const uint32_t *which, uint32_t n) {
    require(is_ready() && n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_counts(rows, n * features));
    for (uint32_t row = 0; row < n; row++)
        require(which[row] < classes && can_count(count[which[row]], n));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, which[row]);
}
