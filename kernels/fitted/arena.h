/* What the kernels of fitted models share: tensors whose sizes differ from model to model.
 *
 * They lie in the arena, one behind the other in the order of the kernel's functions, the numbers of
 * 8 bytes before those of 4 and of 2. wasmstate places the tensors and the buffers behind them, and
 * gives the memory the pages that they need.
 */
#pragma once

/* Small code: a file is a kernel and what was fitted. Each kernel ends with the pop. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#include "../kernel.h"

/* What the outputs of a model go through. */
enum { IDENTITY, LOGISTIC, SOFTMAX, EXPONENTIAL, ONE_VS_REST, CLIPPED };

#define MAX_OUTPUTS 256

STATE uint32_t features;
STATE uint32_t outputs; /* One for two classes: what speaks for the second. */
STATE uint32_t link;
STATE int64_t count;

/* Behind all that the kernel declares: the linker says where. */
extern double __heap_base[];
#define ARENA __heap_base

static double out[MAX_OUTPUTS];

/* Whether S ends in memory, and the outputs fit. */
static inline bool fits(uint64_t size) {
    const uint64_t memory = (uint64_t)__builtin_wasm_memory_size(0) << 16;
    return is_size(outputs, MAX_OUTPUTS) && features > 0 && (uintptr_t)ARENA + size <= memory;
}

/* Turns outputs into what the estimator predicts: numbers or probabilities. */
static inline void apply_link(void) {
    if (link == IDENTITY) return;
    double highest = link == SOFTMAX ? out[0] : 0.0, total = 0.0;
    for (uint32_t k = 1; k < outputs && link == SOFTMAX; k++)
        if (out[k] > highest) highest = out[k];
    for (uint32_t k = 0; k < outputs; k++) {
        double *z = out + k;
#ifdef CLIPS
        if (link == CLIPPED) *z = *z < -1.0 ? 0.0 : *z > 1.0 ? 1.0 : (*z + 1.0) / 2.0;
        else
#endif
        *z = exp(link == LOGISTIC || link == ONE_VS_REST ? -*z : *z - highest);
        if (link == LOGISTIC || link == ONE_VS_REST) *z = 1.0 / (1.0 + *z);
        total += *z;
    }
    if (link == LOGISTIC || link == EXPONENTIAL || (link == CLIPPED && outputs == 1)) return;
    for (uint32_t k = 0; k < outputs; k++) out[k] = total > 0.0 ? out[k] / total : 1.0 / outputs;
}

/* How many classes there are. */
static inline uint32_t class_count(void) {
    return outputs == 1 ? 2 : outputs;
}

/* What is said of a class: of two classes one output of the second, and the rest of the first. */
static inline double said_of(uint32_t which, double whole) {
    require(which < class_count());
    if (outputs > 1) return out[which];
    return which ? out[0] : whole - out[0];
}

/* The largest output; of equal ones the first. */
static inline uint32_t largest(void) {
    uint32_t best = 0;
    for (uint32_t k = 1; k < outputs; k++)
        if (out[k] > out[best]) best = k;
    return best;
}
