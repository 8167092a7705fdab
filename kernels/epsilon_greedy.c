/* Epsilon-greedy: the arm that has paid best, with probability epsilon any arm.
 *
 * Source: C. J. C. H. Watkins, "Learning from Delayed Rewards" (1989).
 */
#include "propensity.h"

STATE double epsilon;

static uint32_t choose(uint64_t draw[2]) {
    return uniform(draw) < epsilon ? below(draw, arms) : best_arm();
}

static double probability_of(uint32_t which) {
    return epsilon / arms + (which == best_arm() ? 1.0 - epsilon : 0.0);
}

static bool is_reward(double reward) {
    return is_number(reward);
}

static void learn(uint32_t which, double paid) {
    require(is_generator(rng));
    add(which, paid);
    move_on(rng);
}
