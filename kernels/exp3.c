/* Exp3: for arms that may pay anything between 0 and 1, even if somebody chooses it to mislead.
 *
 * Source: P. Auer, N. Cesa-Bianchi, Y. Freund, R. E. Schapire, "The Nonstochastic Multiarmed Bandit
 * Problem" (2002), "Exp3". Its weights grow without end; here are their logarithms.
 */
#define WEIGHS_REWARDS
#include "propensity.h"

STATE double exploration; /* The paper's gamma. */
STATE double gains[MAX_ARMS]; /* Rewards, each divided by the probability that its arm had. */

static double highest, total;

static double weight(uint32_t which) {
    return exp(exploration * (gains[which] - highest) / arms);
}

static void weigh(void) {
    highest = gains[0];
    for (uint32_t each = 1; each < arms; each++)
        if (gains[each] > highest) highest = gains[each];
    total = 0.0;
    for (uint32_t each = 0; each < arms; each++) total += weight(each);
}

static double probability(uint32_t which) {
    return (1.0 - exploration) * (weight(which) / total) + exploration / arms;
}

static uint32_t choose(uint64_t draw[2]) {
    weigh();
    return draw_arm(draw, probability);
}

static double probability_of(uint32_t which) {
    weigh();
    return probability(which);
}

static bool is_reward(double reward) {
    return is_share(reward);
}

/* Learns the reward of an arm that had this probability when it was chosen. */
static void weight_and_learn(uint32_t which, double paid, double probability) {
    require(is_generator(rng));
    const double gain = gains[which] + paid / probability;
    require(is_finite(gain));
    add(which, paid);
    gains[which] = gain;
    move_on(rng);
}

static void learn(uint32_t which, double paid) {
    weight_and_learn(which, paid, probability_of(which));
}

static void learn_later(uint32_t place, double paid) {
    weight_and_learn(decision_arm[place], paid, decision_propensity[place]);
}
