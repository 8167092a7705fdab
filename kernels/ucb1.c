/* UCB1: the arm whose rate could still be the largest. Draws nothing: its choices are determined.
 *
 * Source: P. Auer, N. Cesa-Bianchi, P. Fischer, "Finite-time Analysis of the Multiarmed Bandit
 * Problem" (2002), "UCB1".
 */
#include "bandit.h"

STATE double alpha; /* How much the width of the confidence interval counts; 1 is the paper's. */

/* The arm to pull: each once, then the one with the largest upper confidence bound. */
EXPORT(predict)
uint32_t predict(void) {
    require(is_size(arms, MAX_ARMS));
    for (uint32_t each = 0; each < arms; each++)
        if (pulls[each] <= 0) return each;
    uint32_t best = 0;
    double largest = -1.0;
    const double log_count = log(count > 0 ? (double)count : 1.0);
    for (uint32_t each = 0; each < arms; each++) {
        const double bound = average(each) + alpha * sqrt(2.0 * log_count / (double)pulls[each]);
        if (bound > largest) {
            best = each;
            largest = bound;
        }
    }
    return best;
}

static bool is_reward(double reward) {
    return is_share(reward);
}

static void learn(uint32_t which, double paid) {
    add(which, paid);
}
