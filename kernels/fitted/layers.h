/* Neural networks of any number of layers, each fully connected to the one before.
 *
 * Learned by stochastic gradient descent, row by row: the loss is that whose gradient by the last
 * sums is prediction minus target (squared error, cross entropy, Poisson deviance).
 *
 * Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning Representations by
 * Back-propagating Errors" (1986).
 */
#include "arena.h"

#define MAX_LAYERS 32

enum { AS_IT_IS, SIGMOID, TANH, RELU };

STATE uint32_t layers; /* Of weights. */
STATE uint32_t activation;
STATE double lr;
STATE uint32_t sizes[MAX_LAYERS + 1]; /* Units of each layer, beginning with the features. */

/* Behind the weights and biases of all layers: what the units give, and the gradient by their sums. */
static double *units;
static double *slopes;

static void prepare(void) {
    require(is_size(layers, MAX_LAYERS) && sizes[0] == features && sizes[layers] == outputs);
    uint64_t numbers = 0, all = features;
    for (uint32_t l = 0; l < layers; l++) {
        numbers += ((uint64_t)sizes[l] + 1) * sizes[l + 1];
        all += sizes[l + 1];
        require(all >> 24 == 0 && numbers >> 28 == 0);
    }
    require(fits(8 * (numbers + 2 * all)));
    units = ARENA + numbers;
    slopes = units + all;
}

static double activated(double z) {
    if (activation == RELU) return z > 0.0 ? z : 0.0;
    if (activation == SIGMOID) return sigmoid(z);
    if (activation == AS_IT_IS) return z;
    const double small = exp(-2.0 * __builtin_fabs(z));
    return __builtin_copysign((1.0 - small) / (1.0 + small), z);
}

/* The derivative of an activation, by what it gave. */
static double slope_at(double a) {
    if (activation == RELU) return a > 0.0 ? 1.0 : 0.0;
    if (activation == SIGMOID) return a * (1.0 - a);
    return activation == TANH ? 1.0 - a * a : 1.0;
}

/* Leaves what the last layer gives in out, before the link. */
static void run(const double *row) {
    prepare();
    require(are_numbers(row, features));
    for (uint32_t i = 0; i < features; i++) units[i] = row[i];
    const double *weights = ARENA;
    double *before = units;
    for (uint32_t l = 0; l < layers; l++) {
        const uint32_t from = sizes[l], to = sizes[l + 1];
        const double *bias = weights + from * to;
        double *here = before + from;
        for (uint32_t j = 0; j < to; j++) {
            const double z = dot(weights + j * from, before, from) + bias[j];
            require(is_finite(z));
            here[j] = l + 1 < layers ? activated(z) : z;
        }
        weights = bias + to;
        before = here;
    }
    for (uint32_t k = 0; k < outputs; k++) out[k] = before[k];
}

/* Goes one step down, from the last layer to the first; only looks whether the weights stay finite
 * if they are not to be written. Slopes of the last layer stand in out. */
static void descend(bool write) {
    double *end = ARENA + (units - ARENA), *here = slopes;
    double *before = units;
    for (uint32_t l = 0; l < layers; l++) here += sizes[l], before += sizes[l];
    for (uint32_t k = 0; k < outputs; k++) here[k] = out[k];
    for (uint32_t l = layers; l-- > 0;) {
        const uint32_t from = sizes[l], to = sizes[l + 1];
        double *bias = end - to, *weights = bias - from * to;
        double *below = here - from;
        before -= from;
        for (uint32_t i = 0; i < from && l > 0; i++) {
            double sum = 0.0;
            for (uint32_t j = 0; j < to; j++) sum += here[j] * weights[j * from + i];
            below[i] = sum * slope_at(before[i]);
        }
        for (uint32_t j = 0; j < to; j++) {
            const double next_bias = bias[j] - lr * here[j];
            require(is_finite(next_bias));
            if (write) bias[j] = next_bias;
            for (uint32_t i = 0; i < from; i++) {
                const double next_weight = weights[j * from + i] - lr * (here[j] * before[i]);
                require(is_finite(next_weight));
                if (write) weights[j * from + i] = next_weight;
            }
        }
        end = weights;
        here = below;
    }
}

/* Learns from a row whose target of output k is y if k is the class, else 0. */
static void learn(const double *row, uint32_t class, double y) {
    run(row);
    apply_link();
    for (uint32_t k = 0; k < outputs; k++) {
        out[k] -= k == class ? y : 0.0;
        require(is_finite(out[k]));
    }
    descend(false);
    descend(true);
    count++;
}
