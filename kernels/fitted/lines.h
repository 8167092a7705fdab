/* Linear predictors: each output is a sum of weighted features, and goes through a link.
 *
 * Learned by stochastic gradient descent on the loss of the estimator that was fitted, or by the
 * steps of passive-aggressive algorithms. One output is of a number or of two classes; with more,
 * each tells its class from the rest, or all are the log odds of a softmax.
 *
 * Source: H. Robbins, S. Monro, "A Stochastic Approximation Method" (1951); K. Crammer and others,
 * "Online Passive-Aggressive Algorithms" (2006); scikit-learn, "Stochastic Gradient Descent", for
 * the losses.
 */
#define CLIPS

#include "arena.h"

enum { SQUARED, HUBER, INSENSITIVE, SQUARED_INSENSITIVE, LOG, HINGE, SQUARED_HINGE, MODIFIED_HUBER,
       DEVIANCE };
enum { BY_RATE, PASSIVE_AGGRESSIVE_1, PASSIVE_AGGRESSIVE_2 };

STATE uint32_t loss;
STATE uint32_t step;
STATE double lr;     /* The aggressiveness C of passive-aggressive steps. */
STATE double margin; /* Of the loss: an epsilon, a threshold, or the power of a Tweedie deviance. */

/* A row for each output. */
static inline double *weights(void) {
    return ARENA;
}

static inline double *bias(void) {
    return weights() + features * outputs;
}

static bool is_ready(void) {
    return fits(((uint64_t)features + 1) * outputs * 8);
}

/* The sum of an output, before the link. */
static double sum_of(const double *row, uint32_t k) {
    const double sum = dot(weights() + k * features, row, features) + bias()[k];
    require(is_finite(sum));
    return sum;
}

static void run(const double *row) {
    require(is_ready() && are_numbers(row, features));
    for (uint32_t k = 0; k < outputs; k++) out[k] = sum_of(row, k);
}

/* The derivative of the loss by the output z, if the target is y: a number, or -1 or 1. */
static double slope(double z, double y) {
    const double error = z - y, agreement = z * y;
    switch (loss) {
    case SQUARED: return error;
    case HUBER: return error > margin ? margin : error < -margin ? -margin : error;
    case INSENSITIVE: return error > margin ? 1.0 : error < -margin ? -1.0 : 0.0;
    case SQUARED_INSENSITIVE:
        return 2.0 * (error > margin ? error - margin : error < -margin ? error + margin : 0.0);
    case LOG: return sigmoid(z) - (y > 0.0 ? 1.0 : 0.0);
    case HINGE: return agreement <= margin ? -y : 0.0;
    case SQUARED_HINGE: return agreement < margin ? -2.0 * y * (margin - agreement) : 0.0;
    case MODIFIED_HUBER:
        return agreement >= 1.0 ? 0.0 : agreement >= -1.0 ? -2.0 * y * (1.0 - agreement) : -4.0 * y;
    case DEVIANCE: return exp((2.0 - margin) * z) - y * exp((1.0 - margin) * z);
    default: __builtin_trap();
    }
}

/* How far to go down a slope: the rate, or just so far that the loss of this row is 0. */
static double length_of(const double *row, double z, double y) {
    if (step == BY_RATE) return lr;
    const double square = dot(row, row, features);
    const double missing = loss == HINGE ? margin - z * y : __builtin_fabs(z - y) - margin;
    if (step == PASSIVE_AGGRESSIVE_2) return missing / (square + 0.5 / lr);
    if (square == 0.0) return 0.0;
    return missing / square < lr ? missing / square : lr;
}

/* Goes one step down; out[k] is how far. Only looks whether the weights stay finite if not write. */
static void descend(const double *row, bool write) {
    for (uint32_t k = 0; k < outputs; k++) {
        double *line = weights() + k * features;
        if (out[k] == 0.0) continue;
        require(is_finite(bias()[k] - out[k]));
        for (uint32_t i = 0; i < features; i++) {
            const double next_weight = line[i] - out[k] * row[i];
            require(is_finite(next_weight));
            if (write) line[i] = next_weight;
        }
        if (write) bias()[k] -= out[k];
    }
}

static void go_down(const double *row) {
    descend(row, false);
    descend(row, true);
    count++;
}
