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

/* Behind all that the kernel declares: wasmstate looks up its address. */
__attribute__((section(".bss.the_end"), visibility("default"))) double arena[1];

static double out[MAX_OUTPUTS];

/* The first double of the arena; the compiler must not know how long it is. */
static inline double *arena_start(void) {
    double *start = arena;
    __asm__("" : "+r"(start));
    return start;
}

/* Whether S ends in memory, and the outputs fit. */
static inline bool fits(uint64_t size) {
    const uint64_t memory = (uint64_t)__builtin_wasm_memory_size(0) << 16;
    return is_size(outputs, MAX_OUTPUTS) && features > 0 && (uintptr_t)arena + size <= memory;
}

/* Turns outputs into what the estimator predicts: numbers or probabilities. */
static void apply_link(void) {
    double highest = 0.0, total = 0.0;
    if (link == SOFTMAX) {
        highest = out[0];
        for (uint32_t k = 1; k < outputs; k++)
            if (out[k] > highest) highest = out[k];
    }
    for (uint32_t k = 0; k < outputs; k++) {
        const double z = out[k];
        if (link == SOFTMAX || link == EXPONENTIAL) out[k] = exp(z - highest);
        else if (link == LOGISTIC || link == ONE_VS_REST) out[k] = sigmoid(z);
        else if (link == CLIPPED) out[k] = z < -1.0 ? 0.0 : z > 1.0 ? 1.0 : (z + 1.0) / 2.0;
        total += out[k];
    }
    const bool shares = link == SOFTMAX || link == ONE_VS_REST || (link == CLIPPED && outputs > 1);
    if (!shares) return;
    for (uint32_t k = 0; k < outputs; k++) out[k] = total > 0.0 ? out[k] / total : 1.0 / outputs;
}

/* How many classes there are. */
static inline uint32_t class_count(void) {
    return outputs == 1 ? 2 : outputs;
}

/* The class that the outputs speak for; of equal ones the first. */
static inline uint32_t best_class(void) {
    if (outputs == 1) return out[0] > 0.0;
    uint32_t best = 0;
    for (uint32_t k = 1; k < outputs; k++)
        if (out[k] > out[best]) best = k;
    return best;
}
