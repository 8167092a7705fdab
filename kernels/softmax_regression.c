/* Logistic regression for several classes (softmax regression) of standardised features, learned by
 * stochastic gradient descent.
 *
 * Source: D. R. Cox, "Some Procedures Connected with the Logistic Qualitative Response Curve" (1966)
 * for the model; H. Robbins, S. Monro, "A Stochastic Approximation Method" (1951) for the descent.
 */
#define MAX_FEATURES 256
#define MAX_CLASSES 64
#define MAX_CELLS 2560 /* Classes times features. */
#define X_SIZE 2048
#define MAX_ROWS 1024

#include "scaler.h"

STATE uint32_t classes;
STATE double lr;
STATE double weights[MAX_CELLS]; /* A row for each class. */
STATE double bias[MAX_CLASSES];
BUFFER double x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];
static double outputs[MAX_CLASSES];

static bool is_ready(void) {
    return is_size(features, MAX_FEATURES) && is_size(classes, MAX_CLASSES)
        && classes * features <= MAX_CELLS;
}

/* Turns the standardised row into outputs: the probabilities of the classes. */
static void run(void) {
    double highest = -__builtin_inf(), total = 0.0;
    for (uint32_t k = 0; k < classes; k++) {
        outputs[k] = dot(weights + k * features, scaled, features) + bias[k];
        require(is_finite(outputs[k]));
        if (outputs[k] > highest) highest = outputs[k];
    }
    for (uint32_t k = 0; k < classes; k++) total += outputs[k] = exp(outputs[k] - highest);
    for (uint32_t k = 0; k < classes; k++) outputs[k] /= total;
}

/* Goes one step down; only looks whether the weights stay finite if they are not to be written. */
static void descend(uint32_t target, bool write) {
    for (uint32_t k = 0; k < classes; k++) {
        double *row = weights + k * features;
        const double step = lr * (outputs[k] - (k == target ? 1.0 : 0.0));
        require(is_finite(bias[k] - step));
        for (uint32_t i = 0; i < features; i++) {
            const double next_weight = row[i] - step * scaled[i];
            require(is_finite(next_weight));
            if (write) row[i] = next_weight;
        }
        if (write) bias[k] -= step;
    }
}

static void learn(const double *row, uint32_t target) {
    move_scale(row);
    run();
    descend(target, false);
    descend(target, true);
    keep_scale();
}

/* The most probable class; of equal ones the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    require(is_ready() && are_numbers(row, features));
    look_at(row);
    run();
    uint32_t best = 0;
    for (uint32_t k = 1; k < classes; k++)
        if (outputs[k] > outputs[best]) best = k;
    return best;
}

/* The probability of a class. Traps if there is no such class. */
EXPORT(probability)
double probability(const double *row, uint32_t which) {
    require(is_ready() && which < classes && are_numbers(row, features));
    look_at(row);
    run();
    return outputs[which];
}

/* Learns that x is of a class. Traps, with the state as it was, if there is no such class or the
 * state would not stay finite. */
EXPORT(update)
void update(const double *row, uint32_t target) {
    require(is_ready() && target < classes && can_count(count, 1) && are_numbers(row, features));
    learn(row, target);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or class; with what the
 * rows before have taught if the weights diverge. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *targets, uint32_t n) {
    require(is_ready() && can_count(count, n) && n <= X_SIZE / features && n <= MAX_ROWS);
    require(are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) require(targets[row] < classes);
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, targets[row]);
}
