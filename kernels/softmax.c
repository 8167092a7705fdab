/* Softmax: an arm is drawn the more often the more it has paid on average.
 *
 * Source: R. D. Luce, "Individual Choice Behavior" (1959).
 */
#include "propensity.h"

STATE double temperature;

static double highest, total;

static void weigh(void) {
    highest = average(best_arm());
    total = 0.0;
    for (uint32_t each = 0; each < arms; each++)
        total += exp((average(each) - highest) / temperature);
}

static double probability(uint32_t which) {
    return exp((average(which) - highest) / temperature) / total;
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
    return is_number(reward);
}

static void learn(uint32_t which, double paid) {
    require(is_generator(rng));
    add(which, paid);
    move_on(rng);
}
