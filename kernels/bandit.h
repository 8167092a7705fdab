/* What the bandit policies share: arms, what each has paid, and learning from logged rewards, or
 * from those of decisions that the kernel keeps.
 *
 * A policy says which arm to choose, and what it keeps beyond the sums:
 *     static bool is_reward(double reward);              whether it can learn from such a reward
 *     static void learn(uint32_t arm, double reward);    learns; calls add()
 * One whose learning depends on how probable the arm was defines WEIGHS_REWARDS, and gives
 *     static void learn_later(uint32_t place, double reward);    see decisions.h
 * One that does not weigh all rewards alike defines HAS_AVERAGE, and gives
 *     static double average(uint32_t arm);               what an arm pays
 */
#pragma once

#include "kernel.h"

#define MAX_ARMS 256
#define MAX_ROWS 1024

STATE uint32_t arms;
STATE int64_t count;
STATE int64_t pulls[MAX_ARMS];
STATE double rewards[MAX_ARMS]; /* The sum of what each arm has paid. */
BUFFER uint32_t arm[MAX_ROWS];
BUFFER double paid[MAX_ROWS];

#include "decisions.h"

static void learn(uint32_t arm, double reward);

#ifndef WEIGHS_REWARDS
static void learn_later(uint32_t place, double paid) {
    learn(decision_arm[place], paid);
}
#endif

static inline bool is_share(double reward) {
    return reward >= 0.0 && reward <= 1.0;
}

static inline void add(uint32_t which, double paid) {
    require(can_count(count, 1) && can_count(pulls[which], 1));
    require(is_finite(rewards[which] + paid));
    rewards[which] += paid;
    pulls[which]++;
    count++;
}

#ifdef HAS_AVERAGE
static double average(uint32_t which);
#else
/* What an arm has paid on average; 0 before its first pull. */
static inline double average(uint32_t which) {
    return pulls[which] > 0 ? rewards[which] / (double)pulls[which] : 0.0;
}
#endif

/* The arm that has paid best on average; of equal ones the first. */
static inline uint32_t best_arm(void) {
    uint32_t best = 0;
    for (uint32_t each = 1; each < arms; each++)
        if (average(each) > average(best)) best = each;
    return best;
}

/* Learns what the arm paid. Traps, with the state as it was, if there is no such arm or reward. */
EXPORT(update)
void update(uint32_t which, double paid) {
    require(is_size(arms, MAX_ARMS) && which < arms && is_reward(paid));
    learn(which, paid);
}

/* The same for many pulls, in their order. Traps, with the state as it was, on a bad one. */
EXPORT(update_many)
void update_many(const uint32_t *which, const double *rewarded, uint32_t n) {
    require(is_size(arms, MAX_ARMS) && n <= MAX_ROWS && can_count(count, n));
    for (uint32_t row = 0; row < n; row++) require(which[row] < arms && is_reward(rewarded[row]));
    for (uint32_t row = 0; row < n; row++) learn(which[row], rewarded[row]);
}

/* What an arm has paid on average. Traps if there is no such arm. */
EXPORT(estimate)
double estimate(uint32_t which) {
    require(is_size(arms, MAX_ARMS) && which < arms);
    return average(which);
}
