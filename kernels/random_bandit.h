/* What the policies that draw their arm share: the generator, and choosing with it or a copy.
 *
 * The policy:
 *     static uint32_t choose(uint64_t draw[2]);    the arm to pull, by draws from a generator
 */
#pragma once

#include "bandit.h"

STATE uint64_t rng[2];

static uint32_t choose(uint64_t draw[2]);

/* The arm to pull. Draws from a copy of the generator: asked again before an update, it gives the
 * same arm again. */
EXPORT(predict)
uint32_t predict(void) {
    require(is_size(arms, MAX_ARMS) && is_generator(rng));
    uint64_t copy[2] = {rng[0], rng[1]}, draw[2];
    branch(copy, draw);
    return choose(draw);
}

/* The same, and moves the generator on: for choices whose rewards come later. */
EXPORT(act)
uint32_t act(void) {
    const uint32_t chosen = predict();
    move_on(rng);
    return chosen;
}

/* An arm drawn with the probabilities that the function gives. */
static inline uint32_t draw_arm(uint64_t draw[2], double (*probability)(uint32_t)) {
    double left = uniform(draw);
    for (uint32_t each = 0; each + 1 < arms; each++) {
        left -= probability(each);
        if (left < 0.0) return each;
    }
    return arms - 1;
}
