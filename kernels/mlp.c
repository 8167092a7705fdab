/* A neural network with one hidden layer of rectified linear units, for classes.
 *
 * Learned by stochastic gradient descent on the cross entropy of softmax outputs, row by row.
 *
 * Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning Representations by
 * Back-propagating Errors" (1986).
 */
#include "kernel.h"

#define MAX_FEATURES 256
#define MAX_HIDDEN 128
#define MAX_CLASSES 64
#define MAX_FIRST 2560  /* Hidden units times features. */
#define MAX_SECOND 1024 /* Classes times hidden units. */
#define X_SIZE 2048
#define MAX_ROWS 512

STATE uint32_t features;
STATE uint32_t hidden;
STATE uint32_t classes;
STATE int64_t count;
STATE double lr;
STATE double first_weights[MAX_FIRST];
STATE double first_bias[MAX_HIDDEN];
STATE double second_weights[MAX_SECOND];
STATE double second_bias[MAX_CLASSES];
BUFFER double x[X_SIZE];
BUFFER uint32_t label[MAX_ROWS];
static double units[MAX_HIDDEN];
static double unit_slopes[MAX_HIDDEN];
static double outputs[MAX_CLASSES];
static double output_slopes[MAX_CLASSES];

static bool is_ready(void) {
    return is_size(features, MAX_FEATURES) && is_size(hidden, MAX_HIDDEN)
        && is_size(classes, MAX_CLASSES) && hidden * features <= MAX_FIRST
        && classes * hidden <= MAX_SECOND;
}

/* Turns a row into units, and these into outputs: the probabilities of the classes. */
static void run(const double *row) {
    for (uint32_t j = 0; j < hidden; j++) {
        const double sum = dot(first_weights + j * features, row, features) + first_bias[j];
        units[j] = sum > 0.0 ? sum : 0.0;
    }
    double highest = -__builtin_inf(), total = 0.0;
    for (uint32_t k = 0; k < classes; k++) {
        outputs[k] = dot(second_weights + k * hidden, units, hidden) + second_bias[k];
        require(is_finite(outputs[k]));
        if (outputs[k] > highest) highest = outputs[k];
    }
    for (uint32_t k = 0; k < classes; k++) total += outputs[k] = exp(outputs[k] - highest);
    for (uint32_t k = 0; k < classes; k++) outputs[k] /= total;
}

/* Goes one step down; only looks whether the weights stay finite if they are not to be written. */
static void descend(const double *row, bool write) {
    for (uint32_t k = 0; k < classes; k++) {
        double *weights = second_weights + k * hidden;
        for (uint32_t j = 0; j < hidden; j++) {
            const double next_weight = weights[j] - lr * (output_slopes[k] * units[j]);
            require(is_finite(next_weight));
            if (write) weights[j] = next_weight;
        }
        if (write) second_bias[k] -= lr * output_slopes[k];
    }
    for (uint32_t j = 0; j < hidden; j++) {
        double *weights = first_weights + j * features;
        require(is_finite(first_bias[j] - lr * unit_slopes[j]));
        for (uint32_t i = 0; i < features; i++) {
            const double next_weight = weights[i] - lr * (unit_slopes[j] * row[i]);
            require(is_finite(next_weight));
            if (write) weights[i] = next_weight;
        }
        if (write) first_bias[j] -= lr * unit_slopes[j];
    }
}

static void learn(const double *row, uint32_t target) {
    run(row);
    for (uint32_t k = 0; k < classes; k++) output_slopes[k] = outputs[k] - (k == target ? 1.0 : 0.0);
    for (uint32_t j = 0; j < hidden; j++) {
        double sum = 0.0;
        for (uint32_t k = 0; k < classes; k++) sum += output_slopes[k] * second_weights[k * hidden + j];
        unit_slopes[j] = units[j] > 0.0 ? sum : 0.0;
    }
    descend(row, false);
    descend(row, true);
    count++;
}

/* The most probable class; of equal ones the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    require(is_ready() && are_numbers(row, features));
    run(row);
    uint32_t best = 0;
    for (uint32_t k = 1; k < classes; k++)
        if (outputs[k] > outputs[best]) best = k;
    return best;
}

/* The probability of a class. Traps if there is no such class. */
EXPORT(probability)
double probability(const double *row, uint32_t which) {
    require(is_ready() && which < classes && are_numbers(row, features));
    run(row);
    return outputs[which];
}

/* Learns that x is of a class. Traps, with the state as it was, if there is no such class or the
 * weights would not stay finite. */
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
