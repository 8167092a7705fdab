/* Epsilon-first: any arm for so many pulls, from then on the one that has paid best. A
 * decision counts when it has its reward: until then there is nothing to choose the best arm by.
 *
 * Source: L. Tran-Thanh, A. Chapman, E. Munoz de Cote, A. Rogers, N. R. Jennings, "Epsilon-First
 * Policies for Budget-Limited Multi-Armed Bandits" (2010).
 */
#include "propensity.h"

STATE int64_t explore;

static uint32_t choose(uint64_t draw[2]) {
    return count < explore ? below(draw, arms) : best_arm();
}

static double probability_of(uint32_t which) {
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
