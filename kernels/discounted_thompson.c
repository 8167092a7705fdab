/* Thompson sampling for arms that drift: each pull lets all earlier ones count less.
 *
 * Source: V. Raj, S. Kalyani, "Taming Non-stationary Bandits: A Bayesian Approach" (2017).
 */
#define HAS_AVERAGE
#include "random_bandit.h"

STATE double prior[2]; /* The beta distribution of a rate before the first reward. */
STATE double discount; /* How much a pull counts one pull later. */
STATE double seen[MAX_ARMS]; /* Pulls of each arm, discounted as the rewards are. */

static double average(uint32_t which) {
    return seen[which] > 0.0 ? rewards[which] / seen[which] : 0.0;
}

static uint32_t choose(uint64_t draw[2]) {
    uint32_t best = 0;
    double largest = -1.0;
    for (uint32_t each = 0; each < arms; each++) {
        const double losses = prior[1] + (seen[each] - rewards[each]);
        const double rate = beta(draw, prior[0] + rewards[each], losses);
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
    require(is_generator(rng) && discount > 0.0 && discount <= 1.0);
    require(can_count(count, 1) && can_count(pulls[which], 1));
    for (uint32_t each = 0; each < arms; each++) {
        rewards[each] *= discount;
        seen[each] *= discount;
    }
    rewards[which] += paid;
    seen[which] += 1.0;
    pulls[which]++;
    count++;
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
