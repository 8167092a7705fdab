/* Thompson sampling for rewards between 0 and 1: each arm is drawn from what is known of its rate.
 *
 * Source: W. R. Thompson, "On the Likelihood that One Unknown Probability Exceeds Another in View
 * of the Evidence of Two Samples" (1933).
 */
#include "random_bandit.h"

STATE double prior[2]; /* The beta distribution of a rate before the first reward. */

static uint32_t choose(uint64_t draw[2]) {
    uint32_t best = 0;
    double largest = -1.0;
    for (uint32_t each = 0; each < arms; each++) {
        const double wins = prior[0] + rewards[each];
        const double losses = prior[1] + ((double)pulls[each] - rewards[each]);
        const double rate = beta(draw, wins, losses);
        if (rate > largest) {
            best = each;
            largest = rate;
        }
    }
    return best;
}

static bool is_reward(double reward) {
    return is_share(reward);
}

static void learn(uint32_t which, double paid) {
    require(is_generator(rng));
    add(which, paid);
    move_on(rng);
}

/* Chooses as act() does, keeps the decision, and gives its id. */
EXPORT(decide)
int64_t decide(void) {
    require(is_ring());
    const int64_t id = keep(predict());
    move_on(rng);
    return id;
}
