/* Epsilon-first: any arm for so many pulls, from then on the one that has paid best.
 *
 * Source: L. Tran-Thanh, A. Chapman, E. Munoz de Cote, A. Rogers, N. R. Jennings, "Epsilon-First
 * Policies for Budget-Limited Multi-Armed Bandits" (2010).
 */
#include "random_bandit.h"

STATE int64_t explore;

static uint32_t choose(uint64_t draw[2]) {
    return count < explore ? below(draw, arms) : best_arm();
}

/* The probability that predict() gives the arm: keep it with the reward to weight it later. */
EXPORT(propensity)
double propensity(uint32_t which) {
    require(is_size(arms, MAX_ARMS) && which < arms);
    if (count < explore) return 1.0 / arms;
    return which == best_arm() ? 1.0 : 0.0;
}

static bool is_reward(double reward) {
    return is_number(reward);
}

static void learn(uint32_t which, double paid) {
    require(is_generator(rng));
    add(which, paid);
    move_on(rng);
}
